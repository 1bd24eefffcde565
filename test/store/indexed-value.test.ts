import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { IndexedValue } from '../../src/store/object/indexed-value.js'
import { decodeValue, encodeValue } from '../../src/store/object/indexed-value.js'

const part = fc.oneof(
  fc.constantFrom<string | number>(
    '',
    '\u0000',
    '\u0001',
    '\u0002',
    'a',
    'a\u0000',
    'a\u0001b',
    '\uffff',
    0,
    -0,
    1,
    -1,
  ),
  fc.string({
    unit: fc.constantFrom('\u0000', '\u0001', '\u0002', '\u0003', 'a', 'b', '\ud800', '\uffff'),
    maxLength: 3,
  }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -300, max: 300 }),
)
const value: fc.Arbitrary<IndexedValue> = fc.oneof(part, fc.array(part, { minLength: 1, maxLength: 3 }))

const partsOf = (given: IndexedValue): readonly (string | number)[] =>
  typeof given === 'string' || typeof given === 'number' ? [given] : given

function compareParts(a: string | number, b: string | number): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** The order as it is documented. */
function compareValues(a: IndexedValue, b: IndexedValue): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (const [index, one] of left.entries()) {
    const other = right[index]
    if (other === undefined) return 1
    const order = compareParts(one, other)
    if (order !== 0) return order
  }
  return left.length - right.length
}

describe('the encoding of an index value', () => {
  test('compares as the value does', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [left, right] = [encodeValue(a) as string, encodeValue(b) as string]
        expect(Math.sign(compareValues(a, b))).toBe(left < right ? -1 : left > right ? 1 : 0)
      }),
      { numRuns: 5_000 },
    )
  })

  test('can be read back; a list of one part is that part', () => {
    fc.assert(
      fc.property(value, given => {
        const parts = partsOf(given).map(one => (one === 0 ? 0 : one))
        expect(decodeValue(encodeValue(given) as string)).toEqual(parts.length === 1 ? parts[0] : parts)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    [undefined],
    [null],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [true],
    [{}],
    [[]],
    [['a', null]],
    [[['a']]],
  ])('there is none for %j', given => expect(encodeValue(given)).toBeUndefined())
})
