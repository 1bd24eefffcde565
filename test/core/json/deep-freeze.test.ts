import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../../src/core/index.js'

function everyPartFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(everyPartFrozen)
}

describe('deep freeze', () => {
  test('freezes every part and returns the same value, unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = JSON.stringify(value)
        expect(deepFreeze(value)).toBe(value)
        expect(everyPartFrozen(value)).toBe(true)
        expect(JSON.stringify(value)).toBe(text)
      }),
    )
  })

  test('does not go into what is frozen already', () => {
    const inner = { a: {} }
    deepFreeze({ inner: Object.freeze(inner) })
    expect(Object.isFrozen(inner.a)).toBe(false)
  })
})
