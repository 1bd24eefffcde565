import { InvalidError } from '../errors.js'

/** A count (`3`), or a share of the desired count (`'25%'`, `'7.5%'`; at most four decimals). */
export type IntOrPercent = number | string

/** How a share with a fraction is rounded. */
export type PercentRounding = 'up' | 'down'

const PERCENT = /^(\d{1,6})(?:\.(\d{1,4}))?%$/
/** A percent is kept in units of 1/10,000, so that 7.5% is exact. */
const UNITS_PER_PERCENT = 10_000
const WHOLE = 100 * UNITS_PER_PERCENT

/** What `value` asks for: a count, or a share in millionths. */
export type Amount =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'share'; readonly millionths: number }

/**
 * Reads an int-or-percent.
 *
 * @throws InvalidError when it is neither a safe integer ≥ 0 nor `digits%`
 */
export function parseIntOrPercent(value: IntOrPercent, field: string): Amount {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && value >= 0) return { kind: 'count', count: value }
  } else {
    const share = SHARES.get(value) ?? readShare(value)
    if (share !== undefined) return share
  }
  throw new InvalidError('amount', [
    { field, value, message: 'must be a whole number of at least 0, or a percentage such as "25%"' },
  ])
}

/** Shares that were read before: a strategy has few, and is asked about them at each step. */
const SHARES = new Map<string, Amount>()
const SHARES_MAX = 1_000

function readShare(value: string): Amount | undefined {
  const match = PERCENT.exec(value)
  if (match === null) return undefined
  const decimals = (match[2] ?? '').padEnd(4, '0')
  const millionths = Number(match[1]) * UNITS_PER_PERCENT + Number(decimals)
  const share: Amount = { kind: 'share', millionths }
  if (SHARES.size < SHARES_MAX) SHARES.set(value, share)
  return share
}

/**
 * How many of `desired` the value means, in exact integer arithmetic: a percentage is `p · desired / 100`,
 * rounded as asked; a count is itself.
 *
 * @throws InvalidError when the value cannot be read, or the product leaves the safe integers
 */
export function resolveIntOrPercent(
  value: IntOrPercent,
  desired: number,
  options: { readonly rounding: PercentRounding; readonly field?: string },
): number {
  const field = options.field ?? 'value'
  const amount = parseIntOrPercent(value, field)
  if (amount.kind === 'count') return amount.count
  const product = amount.millionths * desired
  if (!Number.isSafeInteger(product)) {
    throw new InvalidError('amount', [{ field, value, message: `is too large for ${desired} instances` }])
  }
  const rest = product % WHOLE
  const whole = (product - rest) / WHOLE
  return options.rounding === 'up' && rest > 0 ? whole + 1 : whole
}
