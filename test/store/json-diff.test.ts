import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyJsonPatch } from '../../src/store/index.js'
import { diffJson } from '../../src/store/json/json-diff.js'

const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1, '', 'a'),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'a/b', 'm~n', '', '0'), tie('tree'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).tree

test('the patch turns one value into the other', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      expect(applyJsonPatch(before, diffJson(before, after))).toEqual(after)
    }),
  )
})

test('what is undefined is not there, and null in a list, as in JSON', () => {
  const partly = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.option(value, { nil: undefined }), {
    noNullPrototype: true,
  })
  const either = fc.oneof(partly, fc.array(fc.oneof(partly, fc.constant(undefined)), { maxLength: 4 }))
  const json = (one: unknown): unknown => JSON.parse(JSON.stringify(one)) as unknown
  fc.assert(
    fc.property(either, either, (before, after) => {
      expect(applyJsonPatch(json(before), diffJson(before, after))).toEqual(json(after))
    }),
  )
})

test('equal values differ in nothing, be they the same object or not', () => {
  fc.assert(fc.property(value, one => diffJson(one, structuredClone(one)).length === 0))
})

test.each([
  ['a member that changed', { a: 1, b: 2 }, { a: 1, b: 3 }, [{ op: 'replace', path: '/b', value: 3 }]],
  ['a member that came', { a: {} }, { a: { 'x/y': 1 } }, [{ op: 'add', path: '/a/x~1y', value: 1 }]],
  ['a member that went', { a: { '~': 1 } }, { a: {} }, [{ op: 'remove', path: '/a/~0' }]],
  ['an item in the middle', [1, 2, 3], [1, 3], [{ op: 'remove', path: '/1' }]],
  ['an item at the end', [1], [1, 2], [{ op: 'add', path: '/1', value: 2 }]],
  ['another type', { a: [] }, { a: {} }, [{ op: 'replace', path: '/a', value: {} }]],
])('names %s', (_what, before, after, patch) => {
  expect(diffJson(before, after)).toEqual(patch)
})
