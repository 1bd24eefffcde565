import type { FieldProblem } from './errors.js'

/** Which whole numbers are allowed. */
export interface WholeNumberRange {
  /** The smallest, inclusive. Default 0. */
  readonly min?: number
  /** The largest, inclusive. Default 2^53 − 1. */
  readonly max?: number
  /** `Infinity` is allowed too: no limit. Default false. */
  readonly orInfinity?: boolean
}

/**
 * What is wrong with a number that counts something: nothing, or one problem for an `InvalidError`. The one wording
 * of the package for it.
 */
export function wholeNumber(field: string, value: unknown, range: WholeNumberRange = {}): FieldProblem[] {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, orInfinity = false } = range
  if (orInfinity && value === Number.POSITIVE_INFINITY) return []
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return []
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return [{ field, value, message: `must be a whole number ${bounds}${orInfinity ? ', or Infinity' : ''}` }]
}
