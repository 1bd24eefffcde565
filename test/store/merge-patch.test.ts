import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyMergePatch } from '../../src/store/index.js'
import { deepFreeze } from '../fixtures/deep-freeze.js'

const json = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, 0, 'x'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), tie('value'), { maxKeys: 3 }),
  ),
})).value

/** The pseudo-code of the standard, on copies. */
function oracle(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result = new Map(isObject ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key)
    else result.set(key, oracle(result.get(key), value))
  }
  return Object.fromEntries(result)
}

describe('a merge patch', () => {
  test('does what the standard says', () => {
    fc.assert(
      fc.property(json, json, (document, patch) => {
        expect(applyMergePatch(deepFreeze(document), deepFreeze(patch))).toEqual(oracle(document, patch))
      }),
      { numRuns: 500 },
    )
  })

  test('applied twice does what it does once', () => {
    fc.assert(
      fc.property(json, json, (document, patch) => {
        const once = applyMergePatch(document, patch)
        expect(applyMergePatch(once, patch)).toEqual(once)
      }),
    )
  })

  test('keeps every part that it does not touch', () => {
    const before = deepFreeze({ a: { b: 1, c: {} }, d: [1] })
    const after = applyMergePatch(before, { a: { b: 2 } }) as typeof before
    expect(after.a.c).toBe(before.a.c)
    expect(after.d).toBe(before.d)
    expect(applyMergePatch(before, { a: { b: 1, zz: null }, d: [1] })).toBe(before)
  })

  test('takes the values over, it does not borrow them', () => {
    const list = [1]
    expect((applyMergePatch({}, { list }) as { list: unknown }).list).not.toBe(list)
  })

  test('refuses what is not JSON', () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(() => applyMergePatch({}, { a: loop })).toThrow('patch.a.self')
    expect(() => applyMergePatch({}, JSON.parse('{"__proto__": {"x": 1}}'))).toThrow('__proto__')
  })
})
