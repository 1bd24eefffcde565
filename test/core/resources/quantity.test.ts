import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityOf,
  quantityUnits,
} from '../../../src/core/resources/quantity.js'

const invalid = expect.objectContaining({ code: 'Invalid' })

describe('quantity', () => {
  test.each([
    ['0', '0'],
    ['0Gi', '0'],
    ['-0', '0'],
    ['500m', '500m'],
    ['1000m', '1'],
    ['1.5', '1500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['+1', '1'],
    ['-3k', '-3k'],
    ['1000', '1k'],
    ['1100', '1100'],
    ['1M', '1M'],
    ['1E', '1E'],
    ['9E', '9E'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['12e6', '12e6'],
    ['1000e0', '1e3'],
    ['1e-3', '1e-3'],
    ['100e-3', '100e-3'],
    ['1e2', '100'],
    ['1Ki', '1Ki'],
    ['1024', '1024'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['0.5Mi', '512Ki'],
    ['1.5', '1500m'],
    ['1000Ki', '1000Ki'],
    ['1025.5Ki', '1050112'],
    ['0.001Ki', '1024m'],
    ['1000.0001Ki', '1024000102400u'],
    ['7Ei', '7Ei'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['-0.1n', '-1n'],
    ['1.0000000001', '1000000001n'],
    ['1u', '1u'],
    ['1e-999999', '1e-9'],
    ['9223372036854775807', '9223372036854775807'],
    ['9223372036854775808', '9223372036854775808'],
    ['12E', '12E'],
    ['-12E', '-12E'],
    ['8Ei', '8Ei'],
    ['999999999999999999E', '999999999999999999E'],
    ['1e35', '100e33'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatQuantity(parseQuantity(text))).toBe(canonical)
  })

  test.each([
    '',
    ' ',
    'm',
    '.',
    '+',
    '1 ',
    ' 1',
    '1K',
    '1ki',
    '1mi',
    '1i',
    '.5i',
    '1.1.M',
    '1+1.0M',
    '0.1mi',
    'aoeu',
    '1e',
    '1e1.5',
    '1em',
    '1mm',
    '1e3k',
    '1e3Ki',
    '0x10',
    '1_000',
    'NaN',
    'Infinity',
    '--1',
    '1e1000000',
    '1000000000000000000E',
    '-1000000000000000000E',
    '1e36',
    `1${'0'.repeat(36)}`,
    '1e999999',
    `1${'0'.repeat(200)}`,
    `${'0'.repeat(127)}11`,
    `${'1'.repeat(1_000_000)}x`,
  ])('%j is refused', text => {
    expect(() => parseQuantity(text)).toThrow(invalid)
  })

  test.each([
    [1.5, '1500m'],
    [1e21 / 1e3, '1E'],
    [1e-7, '100e-9'],
    [3, '3'],
  ])('the number %s is %s', (number, canonical) => {
    expect(formatQuantity(parseQuantity(number))).toBe(canonical)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e36])('the number %s is refused', number => {
    expect(() => parseQuantity(number)).toThrow(invalid)
  })

  test('units round away from zero', () => {
    const rows = [
      ['1m', 1n, 1n],
      ['1', 1n, 1000n],
      ['1001m', 2n, 1001n],
      ['100u', 1n, 1n],
      ['-1m', -1n, -1n],
      ['0', 0n, 0n],
    ] as const
    for (const [text, whole, milli] of rows) {
      const quantity = parseQuantity(text)
      expect([quantityUnits(quantity), quantityUnits(quantity, 3)], text).toEqual([whole, milli])
    }
  })

  const amount = fc.bigInt({ min: -(2n ** 63n - 1n), max: 2n ** 63n - 1n })
  const digits = fc.constantFrom(0 as const, 3 as const, 6 as const, 9 as const)
  const format = fc.constantFrom('decimal' as const, 'binary' as const, 'exponent' as const)

  test('writing loses nothing, and canonical text is a fixed point', () => {
    fc.assert(
      fc.property(amount, digits, format, (units, scale, family) => {
        const quantity = quantityOf(units, scale, family)
        const text = formatQuantity(quantity)
        const again = parseQuantity(text)
        expect(again.nanos).toBe(quantity.nanos)
        expect(formatQuantity(again)).toBe(text)
        expect(text).toMatch(/^-?[0-9]+([a-zA-Z].*)?$/)
      }),
    )
  })

  test('units are the least whole number that is not smaller in magnitude', () => {
    fc.assert(
      fc.property(amount, digits, (nanos, scale) => {
        const factor = 10n ** BigInt(9 - scale)
        const units = quantityUnits({ nanos, format: 'decimal' }, scale)
        const [size, want] = nanos < 0n ? [-units, -nanos] : [units, nanos]
        expect(size * factor >= want && (size - 1n) * factor < want).toBe(true)
      }),
    )
  })

  test('order is that of the amounts, however they are written', () => {
    expect(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G'))).toBe(1)
    expect(compareQuantities(parseQuantity('1k'), parseQuantity('1e3'))).toBe(0)
    expect(compareQuantities(parseQuantity('-1'), parseQuantity('1n'))).toBe(-1)
  })
})
