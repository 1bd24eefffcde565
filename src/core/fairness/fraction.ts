/** An exact number: a numerator over a positive denominator, in lowest terms. */
export interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

export const ZERO_FRACTION: Fraction = { numerator: 0n, denominator: 1n }

/** `numerator / denominator`; the denominator is not 0. */
export function fractionOf(numerator: bigint, denominator: bigint): Fraction {
  const divisor = greatestDivisor(numerator, denominator)
  const sign = denominator < 0n ? -1n : 1n
  return { numerator: (sign * numerator) / divisor, denominator: (sign * denominator) / divisor }
}

export function addFractions(a: Fraction, b: Fraction): Fraction {
  return fractionOf(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
}

export function multiplyFractions(a: Fraction, b: Fraction): Fraction {
  return fractionOf(a.numerator * b.numerator, a.denominator * b.denominator)
}

/** The quotient; `b` is not 0. */
export function divideFractions(a: Fraction, b: Fraction): Fraction {
  return fractionOf(a.numerator * b.denominator, a.denominator * b.numerator)
}

/** Negative, zero or positive, as for sorting. */
export function compareFractions(a: Fraction, b: Fraction): number {
  const left = a.numerator * b.denominator
  const right = b.numerator * a.denominator
  return left < right ? -1 : left > right ? 1 : 0
}

/** `2/3`; whole numbers without a denominator. */
export function formatFraction({ numerator, denominator }: Fraction): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`
}

/** The nearest number. */
export function fractionValue({ numerator, denominator }: Fraction): number {
  return Number(numerator) / Number(denominator)
}

/** At least 1. */
function greatestDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x === 0n ? 1n : x
}
