/** An exact decimal number: `coefficient × 10^exponent`. */
export interface Decimal {
  readonly coefficient: bigint
  readonly exponent: number
}

/**
 * What to do with digits that do not fit. `up` is away from zero; `halfEven` is to the nearest, ties to even.
 */
export type Rounding = 'up' | 'halfEven'

const DECIMAL_PATTERN = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,6}))?$/
/** Longest text that is read as a number. */
const TEXT_LENGTH_MAX = 128
/** Exponents outside are cut to it: far beyond every number that is of use here. */
const EXPONENT_MAX = 1_000

/**
 * Reads `-12`, `.5`, `1.`, `1.5e3` exactly; undefined for any other text, and for more than 128 characters.
 */
export function parseDecimal(text: string): Decimal | undefined {
  const match = text.length > TEXT_LENGTH_MAX ? null : DECIMAL_PATTERN.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const magnitude = BigInt(whole + fraction)
  const exponent = Math.min(EXPONENT_MAX, Math.max(-EXPONENT_MAX, Number(exponentText)))
  return { coefficient: sign === '-' ? -magnitude : magnitude, exponent: exponent - fraction.length }
}

/** How many units of `10^-digits` the number is, rounded when it does not come out even. */
export function decimalUnits({ coefficient, exponent }: Decimal, digits: number, rounding: Rounding): bigint {
  const shift = exponent + digits
  if (shift >= 0) return coefficient * 10n ** BigInt(shift)
  return divideRounded(coefficient, 10n ** BigInt(-shift), rounding)
}

/** `dividend / divisor` as a whole number; the divisor is positive. */
export function divideRounded(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const quotient = dividend / divisor
  const rest = dividend % divisor
  if (rest === 0n) return quotient
  const away = dividend < 0n ? quotient - 1n : quotient + 1n
  if (rounding === 'up') return away
  const twice = (rest < 0n ? -rest : rest) * 2n
  if (twice === divisor) return quotient % 2n === 0n ? quotient : away
  return twice > divisor ? away : quotient
}

/** Writes `units × 10^-digits` without an exponent and without trailing zeros. */
export function formatDecimal(units: bigint, digits: number): string {
  const sign = units < 0n ? '-' : ''
  const text = String(units < 0n ? -units : units).padStart(digits + 1, '0')
  const whole = text.slice(0, text.length - digits)
  const fraction = text.slice(text.length - digits).replace(/0+$/, '')
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`
}
