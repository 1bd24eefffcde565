import { InvalidError } from '../errors.js'
import { decimalUnits, divideRounded, parseDecimal } from '../text/decimal.js'

/** The family of suffixes a quantity was written with, and is written with again. */
export type QuantityFormat = 'decimal' | 'binary' | 'exponent'

/** An exact amount, never a float. */
export interface Quantity {
  /** The amount in billionths; finer parts were rounded away from zero. */
  readonly nanos: bigint
  readonly format: QuantityFormat
}

const NANO_DIGITS = 9
/** Longest text that is read as a quantity. */
const TEXT_LENGTH_MAX = 128
const NANOS = 10n ** 9n
/** Magnitudes end below this: 18 digits with the largest suffix, which is what Kubernetes takes as it is written. */
const UNITS_END = 10n ** 36n
/** Below this the binary suffixes have nothing to say. */
const BINARY_MIN = 1024n * NANOS

const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = /* @__PURE__ */ new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const BINARY_SUFFIXES = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const

const QUANTITY_PATTERN = /^([+-]?[0-9]*\.?[0-9]*)(?:([eE][+-]?[0-9]{1,6})|([KMGTPE]i)|([numkMGTPE]?))$/

/**
 * Reads a Kubernetes quantity: `500m`, `1.5`, `2Gi`, `12e6`, `-3k`.
 *
 * Suffixes: `n u m k M G T P E` (powers of ten), `Ki Mi Gi Ti Pi Ei` (powers of 1024), `e3` or `E3`
 * (exponent). Parts finer than a billionth are rounded away from zero, so that something never becomes
 * nothing. A number is read as its shortest decimal text.
 *
 * @throws InvalidError when the text is not a quantity, has more than 128 characters, or its magnitude is
 * 10^36 or more. Nothing is capped; Kubernetes caps what has more than 18 digits, and `8Ei`, at 2^63−1
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { formatQuantity, parseQuantity } from 'keelson/core'
 *
 * assert.equal(formatQuantity(parseQuantity('1.5Gi')), '1536Mi')
 * assert.equal(formatQuantity(parseQuantity('0.5')), '500m')
 * ```
 */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input)
  const match = text.length > TEXT_LENGTH_MAX ? null : QUANTITY_PATTERN.exec(text)
  if (match === null) throw fault(input, FORM)
  const [, numberText = '', exponentText = '', binarySuffix = '', decimalSuffix = ''] = match
  const number = parseDecimal(numberText + exponentText)
  if (number === undefined) throw fault(input, FORM)
  const { coefficient } = number
  let nanos: bigint
  if (binarySuffix === '') {
    const exponent = number.exponent + (DECIMAL_SUFFIXES.get(decimalSuffix) ?? 0)
    nanos = decimalUnits({ coefficient, exponent }, NANO_DIGITS, 'up')
  } else {
    const factor = 1024n ** BigInt(BINARY_SUFFIXES.findIndex(suffix => suffix === binarySuffix) + 1)
    nanos = decimalUnits({ coefficient: coefficient * factor, exponent: number.exponent }, NANO_DIGITS, 'up')
  }
  if (nanos >= UNITS_END * NANOS || nanos <= -UNITS_END * NANOS)
    throw fault(input, 'must be below 10^36 in magnitude')
  return { nanos, format: binarySuffix !== '' ? 'binary' : exponentText !== '' ? 'exponent' : 'decimal' }
}

/**
 * Canonical text of Kubernetes: no fraction, the largest suffix that keeps the number whole. A binary
 * quantity below 1024 or with a fraction is written with decimal suffixes, as nothing may be lost.
 */
export function formatQuantity({ nanos, format }: Quantity): string {
  const magnitude = nanos < 0n ? -nanos : nanos
  if (format === 'binary' && magnitude >= BINARY_MIN && magnitude % NANOS === 0n)
    return formatBinary(nanos / NANOS)
  let value = nanos
  let exponent = -NANO_DIGITS
  if (value === 0n) exponent = 0
  else {
    const last = format === 'exponent' ? Number.POSITIVE_INFINITY : 18
    while (exponent < last && value % 1000n === 0n) {
      value /= 1000n
      exponent += 3
    }
  }
  return `${value}${format === 'exponent' ? exponentSuffix(exponent) : decimalSuffix(exponent)}`
}

function formatBinary(units: bigint): string {
  let value = units
  let step = 0
  while (step < BINARY_SUFFIXES.length && value % 1024n === 0n) {
    value /= 1024n
    step++
  }
  return `${value}${BINARY_SUFFIXES[step - 1] ?? ''}`
}

function exponentSuffix(exponent: number): string {
  return exponent === 0 ? '' : `e${exponent}`
}

function decimalSuffix(exponent: number): string {
  for (const [suffix, power] of DECIMAL_SUFFIXES) if (power === exponent) return suffix
  return exponentSuffix(exponent)
}

/**
 * The quantity counted in units of `10^-digits`: 0 for whole units, 3 for thousandths. Rounded away from
 * zero.
 */
export function quantityUnits({ nanos }: Quantity, digits: 0 | 3 | 6 | 9 = 0): bigint {
  return divideRounded(nanos, 10n ** BigInt(NANO_DIGITS - digits), 'up')
}

/** The quantity of `units × 10^-digits`. */
export function quantityOf(
  units: bigint,
  digits: 0 | 3 | 6 | 9 = 0,
  format: QuantityFormat = 'decimal',
): Quantity {
  return { nanos: units * 10n ** BigInt(NANO_DIGITS - digits), format }
}

/**
 * Negative, zero or positive as `a` is less than, equal to or more than `b`; how they were written is no
 * matter.
 *
 * @internal
 */
export function compareQuantities(a: Quantity, b: Quantity): -1 | 0 | 1 {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0
}

const FORM =
  'must be a number with an optional suffix: n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or an exponent such as e3'

function fault(value: unknown, message: string): InvalidError {
  return new InvalidError('quantity', [{ field: 'quantity', value, message }])
}
