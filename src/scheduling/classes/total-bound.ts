import type { ResourceColumn } from '../nodes/resource-columns.js'
import type { NodeFilterPlugin, NodeScorePlugin } from '../plugins/plugin.js'
import type { Demand, PreparedRequest } from '../requests/placement-request.js'
import { countedResources, PERCENT_MAX } from '../scores/allocation.js'
import type { PointRange } from './node-point.js'
import { SCORE_UNIT } from './score-sum.js'

interface WeightedNodeScore {
  readonly plugin: NodeScorePlugin
  readonly weight: number
}

/** A formula over shares of resources. */
interface ShareTerm {
  readonly of: 'free' | 'used' | 'even'
  readonly isWhole: boolean
  /** In units for each point. */
  readonly weight: number
  /** How much each resource counts, by its place; 0 where it does not. */
  readonly counts: readonly number[]
  /** Whether it is known to be best, with others, where least is used of all. */
  isJoint: boolean
}

/** Of n shares, the deviation changes by at most √(n − 1) / n for each unit of one of them: most for two. */
const EVEN_SLOPE = PERCENT_MAX / 2
/** More than what floating point adds to, or takes off, a number of percent. */
const ROUNDING = 1e-9
/** More than what rounding of sums takes off a total, in units. */
const SUM_ROUNDING = 1

/**
 * What the total of a request's scores can be at most on nodes between some numbers. Scores that pull in opposite
 * directions, as free shares and the even use of them, are far apart at their best: where no node is better by all of
 * them than an emptier one, they are asked of the emptiest corner together.
 */
export class TotalBound {
  readonly #needsRoom: boolean
  readonly #filters: readonly NodeFilterPlugin[]
  readonly #others: readonly WeightedNodeScore[]
  /** In units; of tasks. */
  readonly #tasksWeight: number
  readonly #columns: readonly ResourceColumn[]
  readonly #terms: readonly ShareTerm[]
  readonly #asksFor: readonly boolean[]
  /** More than what is rounded off, in units. */
  readonly #slack: number
  /** Whether of one node its sum over formulas is the very sum that the scores come to. */
  readonly #isSum: boolean
  /** Whether of one node it says the total itself. */
  readonly isExact: boolean
  /** What is free of each resource at most, as a share. */
  readonly #free: Float64Array
  /** The share of each resource that is used at least, and at most; less than 0: there is none of it. */
  readonly #least: Float64Array
  readonly #most: Float64Array

  constructor(
    request: PreparedRequest,
    filters: readonly NodeFilterPlugin[],
    scores: readonly WeightedNodeScore[],
  ) {
    this.#needsRoom = filters.some(({ formula }) => formula === 'room')
    this.#filters = filters.filter(({ mayPass }) => mayPass !== undefined)
    this.#others = scores.filter(({ plugin }) => plugin.formula === undefined)
    const formulas = scores.flatMap(({ plugin: { formula }, weight }) =>
      formula === undefined ? [] : [{ formula, weight: weight / SCORE_UNIT }],
    )
    this.#tasksWeight = formulas.reduce(
      (sum, { formula, weight }) => sum + (formula.of === 'tasks' ? weight : 0),
      0,
    )
    const shared = formulas.flatMap(({ formula, weight }) =>
      formula.of === 'tasks'
        ? []
        : [{ formula, weight, counted: countedResources(request, formula.resources) }],
    )
    this.#columns = [...new Set(shared.flatMap(({ counted }) => counted.map(({ column }) => column)))]
    this.#asksFor = shared.map(({ counted }) => counted.some(({ asked }) => asked > 0))
    this.#terms = shared.map(({ formula, weight, counted }) => ({
      of: formula.of,
      isWhole: formula.isWhole,
      weight,
      counts: this.#columns.map(column => counted.find(one => one.column === column)?.weight ?? 0),
      isJoint: false,
    }))
    this.#join()
    this.#slack = scores.length + SUM_ROUNDING
    this.#isSum = shared.every(({ formula, counted }) => !formula.isWhole && this.#isInOrder(counted))
    this.isExact =
      this.#isSum && this.#others.length === 0 && filters.every(({ formula }) => formula === 'room')
    this.#free = new Float64Array(this.#columns.length)
    this.#least = new Float64Array(this.#columns.length)
    this.#most = new Float64Array(this.#columns.length)
  }

  /** Whether sums over all resources, and over these, are the same: no sum of fractions is without its order. */
  #isInOrder(counted: readonly { readonly column: ResourceColumn }[]): boolean {
    const places = counted.map(({ column }) => this.#columns.indexOf(column))
    return places.every((place, at) => at === 0 || place > (places[at - 1] as number))
  }

  /** Finds whether the terms that are not cut off fall together with each share that is used. */
  #join(): void {
    const exact = this.#terms.filter(({ of, isWhole }) => of !== 'used' && !(of === 'free' && isWhole))
    const rises = (at: number): number =>
      exact.reduce((sum, term) => sum + term.weight * slopeOf(term, at), 0)
    if (this.#columns.every((_, at) => rises(at) <= 0)) for (const term of exact) term.isJoint = true
  }

  /** How much the request asks of each resource that scores look at. */
  asked(request: PreparedRequest): readonly number[] {
    return this.#columns.map(column => request.demands.find(one => one.column === column)?.amount ?? 0)
  }

  /**
   * A total that is at least that of each of these nodes, in units; -1 when the request fits on none of them. Of one node
   * it is the total itself, if it is exact.
   */
  of(request: PreparedRequest, asked: readonly number[], range: PointRange): number {
    if (this.#needsRoom && !hasRoom(request.demands, range)) return -1
    const isOne = range.low === range.high
    const isUniform = this.#readShares(asked, range)
    let sum = range.mostStatics
    if (this.#tasksWeight > 0) sum += Math.round((PERCENT_MAX / (1 + range.leastTasks)) * this.#tasksWeight)
    for (let index = 0; index < this.#terms.length; index++) {
      const term = this.#terms[index] as ShareTerm
      if (!isUniform) sum += PERCENT_MAX * term.weight
      else if (term.of !== 'even' || this.#asksFor[index] === true)
        sum += Math.round(this.#mostOf(term, isOne) * term.weight)
    }
    for (let index = 0; index < this.#filters.length; index++)
      if ((this.#filters[index] as NodeFilterPlugin).mayPass?.(request, range) === false) return -1
    for (let index = 0; index < this.#others.length; index++) {
      const { plugin, weight } = this.#others[index] as WeightedNodeScore
      sum += Math.ceil(((plugin.most?.(request, range) ?? PERCENT_MAX) * weight) / SCORE_UNIT)
    }
    return isOne && this.#isSum ? sum : sum + this.#slack
  }

  /** Whether each resource is on all of these nodes, or on none: then the same ones are in every mean. */
  #readShares(asked: readonly number[], range: PointRange): boolean {
    for (let at = 0; at < asked.length; at++) {
      const column = this.#columns[at] as number
      const amount = asked[at] as number
      const mostThere = range.mostAllocatable(column)
      const leastThere = range.leastAllocatable(column)
      if (leastThere <= 0 && mostThere > 0) return false
      const requested = range.leastRequested(column) + amount
      this.#free[at] = requested >= mostThere ? 0 : (mostThere - requested) / mostThere
      this.#least[at] = mostThere <= 0 ? -1 : shareOf(requested, mostThere)
      this.#most[at] = mostThere <= 0 ? -1 : shareOf(range.mostRequested(column) + amount, leastThere)
    }
    return true
  }

  #mostOf(term: ShareTerm, isOne: boolean): number {
    const most = term.of === 'even' ? this.#evenness(term, isOne) : this.#meanShare(term)
    return term.isWhole && (isOne || !term.isJoint) ? Math.trunc(most + ROUNDING) : most
  }

  #evenness({ counts, isJoint }: ShareTerm, isOne: boolean): number {
    const apart =
      isJoint || isOne ? deviationOf(this.#least, counts) : leastDeviation(this.#least, this.#most, counts)
    return (1 - apart) * PERCENT_MAX
  }

  #meanShare({ of, counts }: ShareTerm): number {
    const shares = of === 'used' ? this.#most : this.#free
    let sum = 0
    let weights = 0
    for (let at = 0; at < shares.length; at++) {
      if ((this.#least[at] as number) < 0) continue
      const count = counts[at] as number
      sum += (shares[at] as number) * PERCENT_MAX * count
      weights += count
    }
    return weights === 0 ? 0 : sum / weights
  }
}

/** By how many points it rises at most while the share that is used of the resource rises by 1. */
function slopeOf({ of, counts }: ShareTerm, at: number): number {
  const count = counts[at] as number
  if (of === 'even') return count > 0 ? EVEN_SLOPE : 0
  return (-PERCENT_MAX * count) / counts.reduce((sum, one) => sum + one, 0)
}

function shareOf(requested: number, there: number): number {
  return requested >= there ? 1 : requested / there
}

function hasRoom(demands: readonly Demand[], range: PointRange): boolean {
  if (range.leastTasks >= range.mostTaskLimit) return false
  for (let index = 0; index < demands.length; index++) {
    const { column, amount } = demands[index] as Demand
    if (amount > range.mostAllocatable(column) - range.leastRequested(column)) return false
  }
  return true
}

/** The population standard deviation; half the difference when there are two. */
function deviationOf(shares: Float64Array, counts: readonly number[]): number {
  let count = 0
  let sum = 0
  let last = 0
  let previous = 0
  for (let at = 0; at < shares.length; at++) {
    const share = shares[at] as number
    if (share < 0 || (counts[at] as number) === 0) continue
    previous = last
    last = share
    count++
    sum += share
  }
  if (count < 2) return 0
  if (count === 2) return Math.abs(previous - last) / 2
  let squares = 0
  for (let at = 0; at < shares.length; at++) {
    const share = shares[at] as number
    if (share >= 0 && (counts[at] as number) > 0) squares += (share - sum / count) ** 2
  }
  return Math.sqrt(squares / count)
}

/** A deviation that no node has less of: n shares of which two are `d` apart deviate by `d / √(2n)` at least. */
function leastDeviation(least: Float64Array, most: Float64Array, counts: readonly number[]): number {
  let count = 0
  let largestLow = 0
  let smallestHigh = 1
  for (let at = 0; at < least.length; at++) {
    const low = least[at] as number
    const high = most[at] as number
    if (low < 0 || (counts[at] as number) === 0) continue
    count++
    if (low > largestLow) largestLow = low
    if (high < smallestHigh) smallestHigh = high
  }
  const apart = largestLow - smallestHigh
  return count < 2 || apart <= 0 ? 0 : apart / Math.sqrt(2 * count)
}
