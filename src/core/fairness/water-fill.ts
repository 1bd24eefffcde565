import { InvalidError } from '../errors.js'
import { assertKnown, knownOptions } from '../known-options.js'

/** Somebody who shares one resource. */
export interface WaterQueue {
  readonly name: string
  /** At least 0; default 1. */
  readonly weight?: number
  /** Gets at least this much, whatever the others get. Default 0. */
  readonly min?: number
  /** Gets at most this much. Default: no bound. */
  readonly max?: number
  /** It is a group: these share what it gets, within its own bounds and theirs. Default: it is one queue. */
  readonly queues?: readonly WaterQueue[]
}

const QUEUE = /* @__PURE__ */ knownOptions<WaterQueue>('a queue of waterFill', {
  name: true,
  weight: true,
  min: true,
  max: true,
  queues: true,
})

/** Levels of groups within groups, at most. */
const LEVELS_MAX = 32

/**
 * Weighted max-min shares of one resource with floors and ceilings: the level is raised until
 * `Σ clamp(level × weight, min, max)` is the total. When the floors come to more than the total, each gets its
 * floor; when the ceilings come to less, each gets its ceiling. What a group gets is shared among its queues in the same
 * way; it gets at least their floors, and at most their ceilings. Groups are in the answer beside their queues.
 *
 * The level is found by going from one floor or ceiling to the next, not by halving intervals, so it is exact
 * up to the rounding of a division. O(n log n).
 *
 * @throws InvalidError for a negative or infinite total, weight or floor, a ceiling below the floor, bounds of a group that
 * those of its queues do not allow, a name that is missing or there twice, or more than 32 levels
 * @throws UsageError for a field that a queue does not have
 */
export function waterFill(total: number, queues: readonly WaterQueue[]): ReadonlyMap<string, number> {
  check('total', total)
  const shares = new Map<string, number>()
  share(total, boundsOf(queues, 1), shares)
  return shares
}

/** A queue with all its bounds. */
interface BoundedQueue {
  readonly name: string
  readonly weight: number
  readonly min: number
  readonly max: number
  readonly queues: readonly BoundedQueue[]
}

function boundsOf(queues: readonly WaterQueue[], level: number): readonly BoundedQueue[] {
  if (level > LEVELS_MAX) throw fault('queues', level, `must have at most ${LEVELS_MAX} levels`)
  if (!Array.isArray(queues)) throw fault('queues', queues, 'must be a list')
  return (queues as readonly WaterQueue[]).map((queue, index) => {
    assertKnown(queue, QUEUE)
    const { name, weight = 1, min = 0, max = Number.POSITIVE_INFINITY, queues: inner } = queue
    if (typeof name !== 'string') throw fault(`queues[${index}].name`, name, 'must be a text')
    check(`${name}.weight`, weight)
    check(`${name}.min`, min)
    if (typeof max !== 'number' || !(max >= min)) throw fault(`${name}.max`, max, 'must be at least min')
    // Whatever the level is, one without a weight gets its floor.
    if (inner === undefined) return { name, weight, min, max: weight === 0 ? min : max, queues: [] }
    const within = boundsOf(inner, level + 1)
    const floor = within.reduce((sum, one) => sum + one.min, 0)
    const ceiling = within.reduce((sum, one) => sum + one.max, 0)
    if (isAbove(floor, max))
      throw fault(`${name}.max`, max, `must be at least the floors of its queues, ${floor}`)
    if (isAbove(min, ceiling))
      throw fault(`${name}.min`, min, `must be at most the ceilings of its queues, ${ceiling}`)
    const least = Math.max(min, floor)
    return { name, weight, min: least, max: weight === 0 ? least : Math.min(max, ceiling), queues: within }
  })
}

/** By more than the rounding of a sum: ten times 0.1 come to less than 1. */
function isAbove(one: number, other: number): boolean {
  return one - other > 1e-9 * one
}

function share(total: number, queues: readonly BoundedQueue[], shares: Map<string, number>): void {
  const level = levelOf(total, queues)
  for (const queue of queues) {
    if (shares.has(queue.name)) throw fault('queues', queue.name, 'must have different names')
    const amount = amountAt(level, queue)
    shares.set(queue.name, amount)
    share(amount, queue.queues, shares)
  }
}

/** Between two corners the sum grows in a straight line, whose slope is the weights that are not held. */
function levelOf(total: number, queues: readonly BoundedQueue[]): number {
  const corners = [...new Set(queues.flatMap(cornersOf))].sort((a, b) => a - b)
  let low = 0
  for (const corner of corners) {
    if (sumAt(corner, queues) >= total) break
    low = corner
  }
  const missing = total - sumAt(low, queues)
  let slope = 0
  for (const queue of queues) {
    const [floor = Number.POSITIVE_INFINITY, ceiling = Number.POSITIVE_INFINITY] = cornersOf(queue)
    if (floor <= low && low < ceiling) slope += queue.weight
  }
  return missing <= 0 || slope === 0 ? low : low + missing / slope
}

function cornersOf({ weight, min, max }: BoundedQueue): readonly number[] {
  return weight === 0 ? [] : [min / weight, max / weight].filter(Number.isFinite)
}

function sumAt(level: number, queues: readonly BoundedQueue[]): number {
  let sum = 0
  for (const queue of queues) sum += amountAt(level, queue)
  return sum
}

function amountAt(level: number, { weight, min, max }: BoundedQueue): number {
  return Math.min(max, Math.max(min, level * weight))
}

function check(field: string, value: number): void {
  if (!(Number.isFinite(value) && value >= 0))
    throw fault(field, value, 'must be a finite number of at least 0')
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('shares', [{ field, value, message }])
}
