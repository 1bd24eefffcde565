import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepEqual } from '../../../src/core/internal.js'

const json = fc.jsonValue({ maxDepth: 3 }).map(value => JSON.parse(JSON.stringify(value)) as unknown)

describe('deep equal', () => {
  test('agrees with the strict equality of the host on JSON values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(deepEqual(a, b)).toBe(isDeepStrictEqual(a, b))
        expect(deepEqual([a, { a }], [structuredClone(a), { a: structuredClone(a) }])).toBe(true)
      }),
    )
  })

  test.each([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: undefined }, {}, false],
    [{ a: undefined }, { b: undefined }, false],
    [{}, [], false],
    [[], {}, false],
    [{ length: 0 }, [], false],
    [null, {}, false],
    [{}, null, false],
    [0, '', false],
    [[1, 2], [2, 1], false],
    [[1], [1, 2], false],
    [{ toString: 1 }, {}, false],
    [{ x: 1 }, { toString: 1 }, false],
  ])('%j and %j: %s', (a, b, equal) => {
    expect(deepEqual(a, b)).toBe(equal)
  })

  test('does not look into parts that are the same object', () => {
    const shared = {
      get costly(): never {
        throw new Error('looked inside')
      },
    }
    expect(deepEqual({ shared, n: 1 }, { shared, n: 1 })).toBe(true)
  })
})
