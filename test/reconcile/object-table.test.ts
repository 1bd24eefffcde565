import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimalOf } from '../../src/reconcile/cache/batch-check.js'
import { ObjectTable } from '../../src/reconcile/cache/object-table.js'
import { defineIndex } from '../../src/reconcile/index.js'
import type { StoredObject } from '../../src/store/index.js'
import { Widget } from '../fixtures/kinds.js'

const bySize = defineIndex(Widget, object => object.spec.size)
const NAMESPACES = [undefined, 'a', 'b']
const NODES = ['x', 'y', undefined]

const step = fc.record({
  does: fc.constantFrom('put', 'put', 'remove', 'open a walk', 'walk', 'walk'),
  namespace: fc.constantFrom(...NAMESPACES),
  name: fc.constantFrom('a', 'b', 'a/b'),
  size: fc.nat(2),
  node: fc.constantFrom(...NODES),
} as const)

/** A walk over the table, and what it must tell: all that has been there since it began. */
interface Walk {
  readonly values: ReturnType<ObjectTable['values']>
  readonly owed: Set<string>
  readonly told: Set<string>
}

test('a table of objects is a Map by key, also for who walks it while objects come and go', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const table = new ObjectTable(Widget, [bySize])
      const model = new Map<string, StoredObject>()
      const walks: Walk[] = []
      const keyOf = ({ metadata }: StoredObject) => `${metadata.namespace ?? ''}|${metadata.name}`
      const advance = (walk: Walk): boolean => {
        const next = walk.values.next()
        if (next.done === true) {
          expect([...walk.owed]).toEqual([])
          return false
        }
        const key = keyOf(next.value.object)
        expect(next.value.object).toBe(model.get(key))
        // Twice only what was gone meanwhile.
        expect(walk.told.has(key)).toBe(false)
        walk.told.add(key)
        walk.owed.delete(key)
        return true
      }
      for (const [version, { does, namespace, name, size, node }] of steps.entries()) {
        const at = { namespace, name }
        const object = { metadata: at, spec: { size, node } } as unknown as StoredObject
        const key = keyOf(object)
        const held = table.find(at as { name: string })
        expect(held?.object).toBe(model.get(key))
        if (does === 'put') {
          if (held === undefined) table.add(object, version)
          else table.replace(held, object, version)
          model.set(key, object)
        } else if (does === 'remove' && held !== undefined) {
          table.remove(held)
          model.delete(key)
          for (const { owed, told } of walks) {
            owed.delete(key)
            told.delete(key)
          }
        } else if (does === 'open a walk')
          walks.push({ values: table.values(), owed: new Set(model.keys()), told: new Set() })
        else if (does === 'walk') for (const walk of walks.splice(0)) if (advance(walk)) walks.push(walk)
        expectSame(table, [...model.values()])
      }
      for (const walk of walks) while (advance(walk));
    }),
    { numRuns: 100 },
  )
})

function expectSame(table: ObjectTable, objects: readonly StoredObject[]): void {
  const text = ({ metadata: { namespace = '', name } }: StoredObject) => `${namespace}\n${name}`
  const sorted = (some: readonly StoredObject[]) => some.toSorted((a, b) => (text(a) < text(b) ? -1 : 1))
  const all = objects as readonly StoredObject<{ size: number; node?: string }>[]
  expect(table.size).toBe(objects.length)
  expect(table.list()).toEqual(sorted(objects))
  for (const size of [0, 1, 2])
    expect(table.by(bySize, size)).toEqual(sorted(all.filter(({ spec }) => spec.size === size)))
  for (const value of ['x', 'y', 'z'])
    expect(table.list({ name: 'node', value })).toEqual(sorted(all.filter(({ spec }) => spec.node === value)))
}

test.each([
  ['0', 0],
  ['0012', 12],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740993', undefined],
  ['12345678901234567', undefined],
  ['', undefined],
  ['1e3', undefined],
  ['-1', undefined],
  [' 1', undefined],
  ['١', undefined],
  [7, undefined],
])('a revision %j is the number %j', (text, value) => {
  expect(decimalOf(text)).toBe(value)
})
