/**
 * A price for each shape, as a fraction of a bin: no set of items that fits into one bin costs more than 1, so no fewer
 * bins than the price of all items are enough.
 */
export interface PackingCertificate {
  readonly shapes: readonly PackingShape[]
  /** Numerators, one for each shape. */
  readonly prices: readonly number[]
  readonly denominator: number
}

/** Equal items. */
export interface PackingShape {
  readonly size: readonly number[]
  readonly count: number
}

/** The number of bins that a certificate proves to be needed. */
export function certifiedBound({ shapes, prices, denominator }: PackingCertificate): number {
  const total = shapes.reduce((sum, { count }, index) => sum + count * (prices[index] ?? 0), 0)
  return Math.ceil(total / denominator)
}

/**
 * Whether a certificate proves what it says, by whole numbers alone: no set of items that fits into one bin has prices
 * of more than the denominator in all. Looks at every such set.
 */
export function checkCertificate(
  { shapes, prices, denominator }: PackingCertificate,
  capacity: readonly number[],
): boolean {
  const dearest = (from: number, room: readonly number[]): number => {
    const shape = shapes[from]
    if (shape === undefined) return 0
    let best = 0
    let left: readonly number[] = room
    for (let count = 0; count <= shape.count && left.every(amount => amount >= 0); count++) {
      best = Math.max(best, count * (prices[from] ?? 0) + dearest(from + 1, left))
      left = left.map((amount, axis) => amount - (shape.size[axis] ?? 0))
    }
    return best
  }
  return dearest(0, capacity) <= denominator
}
