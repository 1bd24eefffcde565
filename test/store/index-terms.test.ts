import fc from 'fast-check'
import { expect, test } from 'vitest'
import { termsOf } from '../../src/store/engine/index-terms.js'
import type { StoredObject } from '../../src/store/index.js'
import { defineKind } from '../../src/store/index.js'

type Values = readonly (string | number | readonly (string | number)[])[]

const Widget = defineKind<{ first: Values; second: Values }>({
  apiVersion: 'example/v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: false,
  indexes: { first: widget => widget.spec.first, second: widget => widget.spec.second },
})

const part = fc.constantFrom<string | number>('', 'a', 'b', 'a\u0000b', '\u0002', 'first\u0000a', 1, -1)
const values = fc.array(fc.oneof(part, fc.array(part, { minLength: 1, maxLength: 2 })), { maxLength: 20 })
const owners = fc.array(fc.constantFrom('a', 'b', 'a\u0000b'), { maxLength: 2 })

function widget(first: Values, second: Values, uids: readonly string[]): StoredObject {
  const ownerReferences = uids.map(uid => ({ apiVersion: 'example/v1', kind: 'Widget', name: 'o', uid }))
  const { apiVersion, kind } = Widget
  return {
    apiVersion,
    kind,
    metadata: { ownerReferences },
    spec: { first, second },
  } as unknown as StoredObject
}

test('terms do not depend on those before, and are the same list when they are equal', () => {
  fc.assert(
    fc.property(values, values, owners, values, values, owners, (a, b, c, d, e, f) => {
      const fresh = termsOf(Widget, widget(a, b, c))
      expect(new Set(fresh).size).toBe(fresh.length)
      const before = termsOf(Widget, widget(d, e, f))
      const after = termsOf(Widget, widget(a, b, c), before)
      expect(after).toEqual(fresh)
      if (JSON.stringify(before) === JSON.stringify(fresh)) expect(after).toBe(before)
      expect(termsOf(Widget, widget(a, b, c), fresh)).toBe(fresh)
    }),
    { numRuns: 500 },
  )
})
