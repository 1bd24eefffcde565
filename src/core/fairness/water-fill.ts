import { InvalidError } from '../errors.js'

/** Somebody who shares one resource. */
export interface WaterQueue {
  readonly name: string
  /** At least 0; default 1. */
  readonly weight?: number
  /** Gets at least this much, whatever the others get. Default 0. */
  readonly min?: number
  /** Gets at most this much. Default: no bound. */
  readonly max?: number
}

/**
 * Weighted max-min shares of one resource with floors and ceilings: the level is raised until
 * `Σ clamp(level × weight, min, max)` is the total. When the floors come to more than the total, each gets its
 * floor; when the ceilings come to less, each gets its ceiling.
 *
 * The level is found by going from one floor or ceiling to the next, not by halving intervals, so it is exact
 * up to the rounding of a division. O(n log n).
 *
 * @throws InvalidError for a negative or infinite total, weight or floor, or a ceiling below the floor
 */
export function waterFill(total: number, queues: readonly WaterQueue[]): ReadonlyMap<string, number> {
  check('total', total)
  for (const { name, weight = 1, min = 0, max = Number.POSITIVE_INFINITY } of queues) {
    check(`${name}.weight`, weight)
    check(`${name}.min`, min)
    if (!(max >= min)) throw fault(`${name}.max`, max, 'must be at least min')
  }
  const level = levelOf(total, queues)
  return new Map(queues.map(queue => [queue.name, amountAt(level, queue)]))
}

/** Between two corners the sum grows in a straight line, whose slope is the weights that are not held. */
function levelOf(total: number, queues: readonly WaterQueue[]): number {
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
    if (floor <= low && low < ceiling) slope += queue.weight ?? 1
  }
  return missing <= 0 || slope === 0 ? low : low + missing / slope
}

function cornersOf({ weight = 1, min = 0, max = Number.POSITIVE_INFINITY }: WaterQueue): readonly number[] {
  return weight === 0 ? [] : [min / weight, max / weight].filter(Number.isFinite)
}

function sumAt(level: number, queues: readonly WaterQueue[]): number {
  let sum = 0
  for (const queue of queues) sum += amountAt(level, queue)
  return sum
}

function amountAt(
  level: number,
  { weight = 1, min = 0, max = Number.POSITIVE_INFINITY }: WaterQueue,
): number {
  return Math.min(max, Math.max(min, level * weight))
}

function check(field: string, value: number): void {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw fault(field, value, 'must be a finite number of at least 0')
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('shares', [{ field, value, message }])
}
