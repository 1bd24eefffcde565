import { InvalidError } from '../../core/index.js'
import { solveMaster } from './configuration-master.js'
import type { PackingCertificate, PackingShape } from './packing-certificate.js'
import { certifiedBound } from './packing-certificate.js'

/** How many bins are needed at least, and why. Amounts are whole numbers by dimension. */
export interface PackingBound {
  /** By the sum of the amounts. */
  readonly volume: number
  /** Martello and Toth's L2, the largest over the dimensions. */
  readonly l2: number
  /** By the configuration LP; undefined for more than 64 shapes, or when it takes too long. */
  readonly configuration: number | undefined
  /** The largest of them. */
  readonly bound: number
  /** What proves `configuration`. */
  readonly certificate: PackingCertificate | undefined
}

const SHAPES_MAX = 64

/**
 * A lower bound on the number of equal bins that the items need.
 *
 * @throws InvalidError when an item does not fit into a bin, or an amount is not a whole number of at least 0
 */
export function packingBound(
  items: readonly (readonly number[])[],
  capacity: readonly number[],
): PackingBound {
  check(items, capacity)
  const volume = Math.max(
    0,
    ...capacity.map((room, axis) =>
      volumeBound(
        items.map(item => item[axis] ?? 0),
        room,
      ),
    ),
  )
  const l2 = Math.max(
    volume,
    ...capacity.map((room, axis) =>
      l2Bound(
        items.map(item => item[axis] ?? 0),
        room,
      ),
    ),
  )
  const shapes = shapesOf(items)
  const certificate = shapes.length > SHAPES_MAX ? undefined : solveMaster(shapes, capacity)
  const configuration = certificate === undefined ? undefined : certifiedBound(certificate)
  return { volume, l2, configuration, bound: Math.max(volume, l2, configuration ?? 0), certificate }
}

/**
 * `⌈sum / capacity⌉`.
 *
 * @internal
 */
export function volumeBound(sizes: readonly number[], capacity: number): number {
  const sum = sizes.reduce((total, size) => total + size, 0)
  return sum === 0 ? 0 : Math.ceil(sum / capacity)
}

/**
 * Martello and Toth's L2: for a threshold, items larger than the rest of a bin are alone, items above half a bin share
 * with none of their kind, and what is left over of theirs takes the smaller ones down to the threshold.
 *
 * @param threshold one threshold; default: the best of all
 *
 * @internal
 */
export function l2Bound(sizes: readonly number[], capacity: number, threshold?: number): number {
  const thresholds =
    threshold === undefined ? [0, ...new Set(sizes.filter(size => size * 2 <= capacity))] : [threshold]
  return Math.max(0, ...thresholds.map(alpha => l2At(sizes, capacity, alpha)))
}

function l2At(sizes: readonly number[], capacity: number, alpha: number): number {
  const alone = sizes.filter(size => size > capacity - alpha)
  const large = sizes.filter(size => size <= capacity - alpha && size * 2 > capacity)
  const small = sizes.filter(size => size * 2 <= capacity && size >= alpha)
  const sum = (list: readonly number[]): number => list.reduce((total, size) => total + size, 0)
  const left = large.length * capacity - sum(large)
  return alone.length + large.length + Math.max(0, Math.ceil((sum(small) - left) / capacity))
}

function shapesOf(items: readonly (readonly number[])[]): readonly PackingShape[] {
  const shapes = new Map<string, { size: readonly number[]; count: number }>()
  for (const size of items) {
    const key = size.join(' ')
    const known = shapes.get(key)
    if (known === undefined) shapes.set(key, { size, count: 1 })
    else known.count++
  }
  return [...shapes.values()]
}

function check(items: readonly (readonly number[])[], capacity: readonly number[]): void {
  for (const [index, item] of items.entries()) {
    for (const [axis, amount] of item.entries()) {
      if (Number.isSafeInteger(amount) && amount >= 0 && amount <= (capacity[axis] ?? 0)) continue
      const message = `must be a whole number from 0 to ${capacity[axis] ?? 0}, what a bin holds`
      throw new InvalidError('packing', [{ field: `items[${index}][${axis}]`, value: amount, message }])
    }
  }
}
