/** Ratios that differ by less than this part are compared as whole numbers. Rounding of a few operations stays far below. */
const DOUBT = 1e-12

/**
 * Compares `a / b` with `c / d` exactly; all are whole numbers, and `b` and `d` are positive. The quotients are
 * compared as floating point numbers, and only those that nearly tie as products.
 */
export function compareRatios(a: number, b: number, c: number, d: number): number {
  const left = a / b
  const right = c / d
  const difference = left - right
  if (Math.abs(difference) > DOUBT * Math.max(Math.abs(left), Math.abs(right))) return difference
  if (a === c && b === d) return 0
  const x = a * d
  const y = c * b
  if (x <= Number.MAX_SAFE_INTEGER && y <= Number.MAX_SAFE_INTEGER) return x - y
  return compareBig(BigInt(a) * BigInt(d), BigInt(c) * BigInt(b))
}

/** A part of a whole, divided by a weight that is given in thousandths. */
export interface WeightedRatio {
  readonly amount: number
  readonly total: number
  readonly weight: number
  /** The quotient in floating point. */
  readonly value: number
}

/** Compares `amount / (total × weight)` exactly. */
export function compareWeightedRatios(a: WeightedRatio, b: WeightedRatio): number {
  const difference = a.value - b.value
  if (Math.abs(difference) > DOUBT * Math.max(a.value, b.value)) return difference
  if (a.amount === b.amount && a.total === b.total && a.weight === b.weight) return 0
  if (a.amount === 0 || b.amount === 0) return a.amount - b.amount
  return compareBig(
    BigInt(a.amount) * BigInt(b.total) * BigInt(b.weight),
    BigInt(b.amount) * BigInt(a.total) * BigInt(a.weight),
  )
}

function compareBig(x: bigint, y: bigint): number {
  return x < y ? -1 : x > y ? 1 : 0
}
