import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepEqual } from '../../src/core/internal.js'
import { shareJson } from '../../src/store/json/shared-json.js'

/** Parts of `value` that are objects, and whether they are frozen. */
function partsOf(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(partsOf)]
}

const names = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'toString')
const { json } = fc.letrec(tie => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(0, 1, 'x', 'y', null, true),
    fc.array(tie('json'), { maxLength: 3 }),
    // As a text is parsed: `__proto__` is a name like any other.
    fc
      .uniqueArray(fc.tuple(names, tie('json')), { maxLength: 3, selector: ([name]) => name })
      .map(entries =>
        JSON.parse(`{${entries.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join()}}`),
      ),
  ),
}))

test('what is shared is equal to what was parsed, is frozen, and is the other one where it can be', () => {
  fc.assert(
    fc.property(json, json, (value, other) => {
      const previous = shareJson(JSON.parse(JSON.stringify(other)), undefined)
      const text = JSON.stringify(value)
      const shared = shareJson(JSON.parse(text), previous)
      expect(JSON.stringify(shared)).toBe(text)
      for (const part of partsOf(shared)) expect(Object.isFrozen(part)).toBe(true)
      if (JSON.stringify(previous) === text) expect(shared).toBe(previous)
      if (shared === previous) expect(deepEqual(JSON.parse(text), previous)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
