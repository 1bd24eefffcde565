import type { ResourceVector } from '../../core/index.js'
import { beyondBudgets } from './exceeded-budgets.js'
import type { VictimCandidate } from './victim-candidate.js'
import { amountOf } from './victim-candidate.js'

/** Up to so many candidates the choice is the cheapest there is. */
const EXACT_MAX = 20
/** Sets of victims that are looked at; then the best so far is taken. */
const SETS_MAX = 50_000

/**
 * The cheapest set of victims: fewest violations of budgets, then the lowest highest priority, then the fewest that fit
 * nowhere else, then the fewest. Exact for up to 20 candidates; beyond, the cheapest of those found by letting back in
 * whoever can be, the dearest first.
 *
 * @param short what must be freed at least: sets that cannot come to it are not looked at; 50,000 others are
 */
export function leastVictims(
  candidates: readonly VictimCandidate[],
  fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
  short: ResourceVector = {},
): readonly VictimCandidate[] | undefined {
  const cheapestFirst = cheapestInOrder(candidates)
  const greedy = letBackIn(cheapestFirst, fitsWithout)
  if (greedy === undefined || candidates.length > EXACT_MAX) return greedy
  return search(cheapestFirst, greedy, fitsWithout, short)
}

/** In the order in which they count. */
const COST_PARTS = [0, 1, 2, 3] as const

/** Below 0 when the first set costs less. */
export function compareVictims(a: readonly VictimCandidate[], b: readonly VictimCandidate[]): number {
  for (const part of COST_PARTS) {
    const difference = costAt(part, a) - costAt(part, b)
    if (difference !== 0) return difference
  }
  return 0
}

/** What victims are compared by: of two sets that are equal in all parts before. */
export function costAt(part: number, victims: readonly VictimCandidate[]): number {
  switch (part) {
    case 0:
      return victims.some(({ budgets }) => budgets.length > 0) ? beyondBudgets(victims).size : 0
    case 1:
      return victims.reduce((most, { task }) => Math.max(most, task.priority ?? 0), Number.NEGATIVE_INFINITY)
    case 2:
      return victims.reduce((sum, { fitsElsewhere }) => sum + Number(!fitsElsewhere), 0)
    default:
      return victims.length
  }
}

/** The cheapest first; last those who would go beyond a budget when the cheaper ones have gone. */
function cheapestInOrder(candidates: readonly VictimCandidate[]): readonly VictimCandidate[] {
  const ordered = [...candidates].sort(byCost)
  const beyond = beyondBudgets(ordered)
  return [...ordered.filter(one => !beyond.has(one)), ...ordered.filter(one => beyond.has(one))]
}

function byCost(a: VictimCandidate, b: VictimCandidate): number {
  return compareVictims([a], [b]) || (a.task.key < b.task.key ? -1 : 1)
}

function letBackIn(
  cheapestFirst: readonly VictimCandidate[],
  fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
): readonly VictimCandidate[] | undefined {
  let gone: readonly VictimCandidate[] = cheapestFirst
  if (!fitsWithout(gone)) return undefined
  for (const one of cheapestFirst.toReversed()) {
    const without = gone.filter(other => other !== one)
    if (fitsWithout(without)) gone = without
  }
  return gone
}

/** Looks at every set that may be cheaper than the best one so far. */
function search(
  all: readonly VictimCandidate[],
  greedy: readonly VictimCandidate[],
  fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
  short: ResourceVector,
): readonly VictimCandidate[] {
  const needed = greedy.filter(one => !fitsWithout(all.filter(other => other !== one)))
  if (needed.length === greedy.length) return greedy
  const others = all.filter(one => !needed.includes(one))
  const least = new LeastToFree(others, short)
  let best = greedy
  let looked = 0
  const visit = (from: number, chosen: readonly VictimCandidate[]): void => {
    for (let index = from; index < others.length && looked < SETS_MAX; index++) {
      const next = [...chosen, others[index] as VictimCandidate]
      // More victims only cost more.
      if (compareVictims(next, best) >= 0) continue
      looked++
      if (fitsWithout(next)) best = next
      else if (least.mayBeat(best, next, index + 1)) visit(index + 1, next)
    }
  }
  visit(0, needed)
  return best
}

/** What the largest one, two, three … of some candidates free; and of those of them that fit nowhere else. */
interface LargestSums {
  readonly all: readonly number[]
  readonly withoutPlace: readonly number[]
}

/** How many more have to go at least, of those that come after, so that enough is free. */
class LeastToFree {
  readonly #candidates: readonly VictimCandidate[]
  readonly #short: ResourceVector
  readonly #resources: readonly string[]
  /** By where those that come after begin, then by resource. */
  readonly #sums: LargestSums[][] = []

  constructor(candidates: readonly VictimCandidate[], short: ResourceVector) {
    this.#candidates = candidates
    this.#short = short
    this.#resources = Object.keys(short)
  }

  /** Whether those who are gone and some of those after them may be better than the best. */
  mayBeat(best: readonly VictimCandidate[], gone: readonly VictimCandidate[], from: number): boolean {
    // The sums of all are made once, and mostly say enough.
    return this.#mayBeat(best, gone, 0) && this.#mayBeat(best, gone, from)
  }

  #mayBeat(best: readonly VictimCandidate[], gone: readonly VictimCandidate[], from: number): boolean {
    let [count, withoutPlace] = [1, 0]
    const sums = (this.#sums[from] ??= this.#resources.map(resource => this.#sumsOf(resource, from)))
    for (const [index, resource] of this.#resources.entries()) {
      let left = this.#short[resource] as number
      for (const one of gone) left -= amountOf(one, resource)
      const of = sums[index] as LargestSums
      const movable = (of.all.at(-1) as number) - (of.withoutPlace.at(-1) as number)
      count = Math.max(count, leastCount(of.all, left))
      withoutPlace = Math.max(withoutPlace, leastCount(of.withoutPlace, left - movable))
    }
    const more = [0, 0, withoutPlace, count]
    for (const part of COST_PARTS) {
      const difference = costAt(part, gone) + (more[part] as number) - costAt(part, best)
      if (difference !== 0) return difference < 0
    }
    return false
  }

  #sumsOf(resource: string, from: number): LargestSums {
    const rest = this.#candidates.slice(from)
    const stuck = rest.filter(({ fitsElsewhere }) => !fitsElsewhere)
    return { all: largestSums(rest, resource), withoutPlace: largestSums(stuck, resource) }
  }
}

function largestSums(candidates: readonly VictimCandidate[], resource: string): readonly number[] {
  const amounts = candidates.map(one => amountOf(one, resource)).sort((a, b) => b - a)
  let sum = 0
  return [0, ...amounts].map(amount => (sum += amount))
}

/** How many of the largest come to so much; infinitely many when not even all do. */
function leastCount(largest: readonly number[], amount: number): number {
  const found = largest.findIndex(sum => sum >= amount)
  return found < 0 ? Number.POSITIVE_INFINITY : found
}
