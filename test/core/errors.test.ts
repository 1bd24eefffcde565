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

describe('what an error says', () => {
  const endless: Record<string, unknown> = { name: 'endless' }
  endless['self'] = { again: endless }
  const hostile: readonly [string, unknown][] = [
    ['a value that contains itself', endless],
    [
      'a value that is no JSON',
      [1n, Symbol('s'), () => 0, Number.NaN, new Date(Number.NaN), new Map([[1, 2]])],
    ],
    [
      'a value that throws when it is read',
      {
        get a() {
          throw new Error('no')
        },
      },
    ],
    [
      'a value that is revoked',
      (() => {
        const { proxy, revoke } = Proxy.revocable({}, {})
        revoke()
        return proxy
      })(),
    ],
    ['a long text', 'x'.repeat(1_000_000)],
    ['a long key', { ['k'.repeat(1_000_000)]: 1 }],
    ['many texts', Array.from({ length: 10_000 }, () => 'x'.repeat(900))],
    ['a deep value', JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
    ['a wide value', Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, index]))],
  ]

  test.each(hostile)('of %s is JSON, and small', (_what, value) => {
    const problems = Array.from({ length: 10_000 }, (_, index) => ({
      field: `f${index}`,
      value,
      message: 'is wrong',
    }))
    const error = new InvalidError('thing', problems)
    expect(error.message.length).toBeLessThanOrEqual(4_000)
    expect(error.message).toContain('and 9990 more')
    expect(JSON.stringify(error.details).length).toBeLessThan(60_000)
    expect(error.details).toMatchObject({
      truncated: true,
      problems: { length: expect.any(Number) as number },
    })
    expect(error.problems).toBe(error.details.problems)
  })

  test('is left as it is when it is small', () => {
    const details = { revision: 3, oldestAvailable: 9 }
    expect(new KeelsonError({ code: 'Expired', message: 'gone', details }).details).toBe(details)
    const problems = [{ field: 'a', value: { b: ['x', null, 1.5, undefined] }, message: 'is wrong' }]
    expect(new InvalidError('thing', problems).details).toEqual({ subject: 'thing', problems })
  })

  test('takes a member called __proto__ for what it is', () => {
    const value: unknown = JSON.parse('{"__proto__":{"hidden":1},"b":2}')
    const { details } = new InvalidError('thing', [{ field: 'a', value, message: 'is wrong' }])
    expect(JSON.stringify(details.problems[0]?.value)).toBe('{"__proto__":{"hidden":1},"b":2}')
    expect(Object.getPrototypeOf(details.problems[0]?.value)).toBe(Object.prototype)
  })

  test('reads no more of a value than it tells', () => {
    let reads = 0
    const get = (target: readonly number[], key: PropertyKey): unknown => {
      reads++
      return Reflect.get(target, key) as unknown
    }
    const long = new Proxy(
      Array.from({ length: 100_000 }, () => 0),
      { get },
    )
    const error = new InvalidError('thing', [{ field: 'a', value: long, message: 'is wrong' }])
    expect(error.details.problems[0]?.value).toHaveLength(100)
    expect(reads).toBeLessThan(1_000)
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
    expect(() => assertValid('options', wholeNumber('', -1))).toThrow(/^options is invalid: must be /)
    expect(() => assertValid('options', [])).not.toThrow()
  })
})
