import { describe, expect, expectTypeOf, test } from 'vitest'
import type { FieldProblem } from '../../src/core/index.js'
import { InvalidError, isKeelsonError, KeelsonError } from '../../src/core/index.js'
import { assertValid, wholeNumber } from '../../src/core/internal.js'

const expired = new KeelsonError({
  code: 'Expired',
  message: 'gone',
  details: { revision: 3, oldestAvailable: 9 },
})

describe('isKeelsonError', () => {
  test('knows an error of any of the codes, and of any copy of the package', () => {
    expect(isKeelsonError(expired)).toBe(true)
    expect(isKeelsonError(expired, 'Closed', 'Expired')).toBe(true)
    expect(isKeelsonError(expired, 'Closed', 'Conflict')).toBe(false)
    const ofAnotherCopy = { code: 'Closed', details: {}, [Symbol.for('keelson.error')]: true }
    expect(isKeelsonError(ofAnotherCopy, 'Closed')).toBe(true)
  })

  test.each([undefined, null, 'Expired', new Error('Expired'), { code: 'Expired' }])(
    'is false for %j, which keelson did not throw',
    value => {
      expect(isKeelsonError(value, 'Expired')).toBe(false)
    },
  )

  test('narrows the details by the codes, and a switch over the code narrows them further', () => {
    const error: unknown = expired
    if (!isKeelsonError(error, 'Expired', 'Invalid')) throw new Error('is Expired')
    expectTypeOf(error.code).toEqualTypeOf<'Expired' | 'Invalid'>()
    if (error.code === 'Invalid')
      expectTypeOf(error.details.problems).toEqualTypeOf<readonly FieldProblem[]>()
    else expectTypeOf(error.details.oldestAvailable).toEqualTypeOf<number>()
    expect(error.details).toEqual({ revision: 3, oldestAvailable: 9 })
  })
})

describe('a whole number', () => {
  test.each([
    [0, {}],
    [1, { min: 1 }],
    [65_535, { max: 65_535 }],
    [Number.MAX_SAFE_INTEGER, {}],
    [Number.POSITIVE_INFINITY, { min: 1, orInfinity: true }],
  ])('may be %s within %j', (value, range) => {
    expect(wholeNumber('limit', value, range)).toEqual([])
  })

  test.each([
    [-1, {}, 'must be a whole number of at least 0'],
    [0, { min: 1 }, 'must be a whole number of at least 1'],
    [1.5, { min: 1 }, 'must be a whole number of at least 1'],
    [Number.NaN, {}, 'must be a whole number of at least 0'],
    ['3', {}, 'must be a whole number of at least 0'],
    [undefined, {}, 'must be a whole number of at least 0'],
    [2 ** 53, {}, 'must be a whole number of at least 0'],
    [65_536, { max: 65_535 }, 'must be a whole number from 0 to 65535'],
    [Number.POSITIVE_INFINITY, { min: 1 }, 'must be a whole number of at least 1'],
    [Number.NEGATIVE_INFINITY, { orInfinity: true }, 'must be a whole number of at least 0, or Infinity'],
  ])('may not be %s within %j', (value, range, message) => {
    expect(wholeNumber('limit', value, range)).toEqual([{ field: 'limit', value, message }])
  })

  test('is refused with the others of the call, in one error', () => {
    const problems = [...wholeNumber('a', -1), ...wholeNumber('b', 0), ...wholeNumber('c', 0, { min: 1 })]
    expect(() => assertValid('options', problems)).toThrow(InvalidError)
    expect(() => assertValid('options', problems)).toThrow(/^options is invalid: a: .*; c: /)
    expect(() => assertValid('options', [])).not.toThrow()
  })
})
