import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../../src/core/index.js'
import { withoutNulls } from '../../../src/store/apply/applied-nulls.js'
import { parseFields } from '../../../src/store/apply/field-text.js'
import { mergeFields } from '../../../src/store/apply/merge-fields.js'
import { ownedDocument } from '../../../src/store/apply/owned-document.js'
import type { Store, StoredObject } from '../../../src/store/index.js'
import { fieldTypeOf } from '../../../src/store/kind/merge-type.js'
import { kindOf } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'

const Any = kindOf('Any', {
  namespaced: false,
  mergeTypes: {
    'spec.set': 'set',
    'spec.items': { keys: ['name'] },
    'spec.items[].set': 'set',
    'spec.one': 'atomic',
  },
})
const at = { name: 'x' }
const newStore = (): Store => createWorld({ kinds: [Any] }).store

const value = fc.constantFrom(1, 2, 'x', null)
const set = fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { maxLength: 3 })
const item = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'c'),
    v: value,
    w: value,
    set,
    in: fc.dictionary(fc.constantFrom('a', 'b'), value),
  },
  { requiredKeys: ['name'] },
)
const spec = fc.record(
  {
    a: fc.oneof(value, fc.dictionary(fc.constantFrom('a', 'b'), value, { maxKeys: 2 })),
    map: fc.dictionary(fc.constantFrom('a', 'b', 'c/d'), value, { maxKeys: 3 }),
    set,
    items: fc.uniqueArray(item, { selector: each => each.name, maxLength: 3 }),
    list: fc.array(value, { maxLength: 2 }),
    one: fc.dictionary(fc.constantFrom('a', 'b'), value, { maxKeys: 2 }),
  },
  { requiredKeys: [] },
)

type Write = { readonly by: string; readonly spec: object } & (
  | { readonly op: 'apply'; readonly force: boolean; readonly adopt: readonly string[] }
  | { readonly op: 'update' | 'merge' }
)
const by = fc.constantFrom('one', 'two', 'three')
const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('apply' as const),
      by,
      spec,
      force: fc.boolean(),
      adopt: fc.constantFrom([], ['two']),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('update' as const, 'merge' as const), by, spec }) },
)

/** Whether the write was made; a conflict is none. */
async function perform(store: Store, { by: fieldManager, spec: wanted, ...write }: Write): Promise<boolean> {
  try {
    if (write.op === 'apply') {
      const { force, adopt } = write
      await store.patch(Any, at, { spec: wanted } as object, { type: 'apply', fieldManager, force, adopt })
    } else if (write.op === 'merge') {
      await store.patch(Any, at, { spec: wanted } as object, { type: 'merge', fieldManager })
    } else {
      await store.update(Any, { metadata: at, spec: wanted }, { unconditional: true, fieldManager })
    }
    return true
  } catch (error) {
    if (isKeelsonError(error, 'ApplyConflict')) return false
    throw error
  }
}

const type = fieldTypeOf(Any)
const ownersOf = ({ metadata: { managedFields = [] } }: StoredObject): readonly ReadonlySet<string>[] =>
  managedFields.map(({ fields }) => parseFields(fields))
const made = (store: Store): StoredObject => store.get(Any, at) as StoredObject

describe('the owners of an object', () => {
  test('of what a plain write has changed are nobody but its writer', async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, async (applied, written) => {
        const store = newStore()
        await perform(store, { op: 'apply', by: 'one', spec: applied, force: false, adopt: [] })
        await perform(store, { op: 'update', by: 'two', spec: written })
        const managed = made(store).metadata.managedFields ?? []
        const [one, two] = ['one', 'two'].map(manager =>
          parseFields(managed.find(entry => entry.manager === manager)?.fields ?? ''),
        ) as [ReadonlySet<string>, ReadonlySet<string>]
        for (const field of two) expect(one.has(field)).toBe(false)
      }),
    )
  })
})

describe('applying', () => {
  test('twice does what it does once, and takes no second revision', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { maxLength: 4 }),
        spec,
        fc.boolean(),
        async (writes, wanted, force) => {
          const store = newStore()
          await store.create(Any, { metadata: at, spec: {} })
          for (const each of writes) await perform(store, each)
          const apply: Write = { op: 'apply', by: 'one', spec: wanted, force, adopt: [] }
          if (!(await perform(store, apply))) return
          const once = made(store)
          expect(await perform(store, apply)).toBe(true)
          expect(made(store)).toBe(once)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a null leaves what others own of a field with parts, the second time too', async () => {
    const store = newStore()
    await store.create(Any, { metadata: at, spec: {} })
    await perform(store, { op: 'update', by: 'two', spec: { a: {} } } as Write)
    for (const spec of [{ a: { a: 1 } }, { a: null }, { a: null }])
      expect(await perform(store, { op: 'apply', by: 'one', spec, force: false, adopt: [] } as Write)).toBe(
        true,
      )
    expect(made(store).spec).toEqual({ a: {} })
  })

  test('gives what is applied, when it is forced', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 4 }), spec, async (writes, wanted) => {
        const store = newStore()
        await store.create(Any, { metadata: at, spec: {} })
        for (const each of writes) await perform(store, each)
        await perform(store, { op: 'apply', by: 'one', spec: wanted, force: true, adopt: [] })
        const found = ownedDocument(Any, made(store)).main
        const document = withoutNulls(ownedDocument(Any, { spec: wanted }).main, type).wanted
        expect(mergeFields(found, document, type)).toBe(found)
      }),
      { numRuns: 100 },
    )
  })

  test('by managers who share no field gives the same in either order', async () => {
    const half = (keys: readonly string[]): fc.Arbitrary<object> =>
      fc.record(Object.fromEntries(keys.map(key => [key, value])), { requiredKeys: [] })
    const disjoint = (left: readonly string[]): fc.Arbitrary<object> =>
      fc.record({ map: half(left), items: half(left).map(fields => [{ name: 'a', ...fields }]) })
    await fc.assert(
      fc.asyncProperty(disjoint(['a', 'b']), disjoint(['c', 'd']), async (mine, yours) => {
        const results = []
        for (const order of [
          ['one', 'two'],
          ['two', 'one'],
        ]) {
          const store = newStore()
          for (const each of order)
            await perform(store, {
              op: 'apply',
              by: each,
              spec: each === 'one' ? mine : yours,
              force: false,
              adopt: [],
            })
          const { spec: found, metadata } = made(store)
          results.push({ found, owners: new Map(metadata.managedFields?.map(m => [m.manager, m.fields])) })
        }
        expect(results[0]).toEqual(results[1])
      }),
    )
  })

  test('nothing any more takes away exactly what nobody else wants', async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, async (mine, yours) => {
        const store = newStore()
        await perform(store, { op: 'apply', by: 'two', spec: yours, force: false, adopt: [] })
        const before = made(store)
        if (!(await perform(store, { op: 'apply', by: 'one', spec: mine, force: false, adopt: [] }))) return
        await perform(store, { op: 'apply', by: 'one', spec: {}, force: false, adopt: [] })
        expect(made(store).spec).toEqual(before.spec)
      }),
      { numRuns: 100 },
    )
  })
})

test('the account of a typical object is a fraction of what nested maps of fields take', async () => {
  const store = newStore()
  const container = (name: string): object => ({
    name,
    image: 'registry.example/app:1',
    env: { LOG_LEVEL: 'info', REGION: 'eu', TOKEN: 'x' },
    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '512Mi' } },
  })
  const labels = { app: 'web', tier: 'front', 'app.kubernetes.io/part-of': 'shop' }
  const object = { metadata: { labels }, spec: { items: [container('a'), container('b')], replicas: 3 } }
  const applied = await store.patch(Any, at, object, { type: 'apply', fieldManager: 'deployer' })
  const nested: Record<string, unknown> = {}
  for (const path of ownersOf(applied)[0] ?? []) {
    let node = nested
    for (const element of path.match(/\.[^.[]+|\[(?:[^"\]]|"[^"]*")*\]/g) ?? []) {
      const prefix = element.startsWith('.') ? `f:${element.slice(1)}` : `k:${element}`
      node = (node[prefix] ??= {}) as Record<string, unknown>
    }
  }
  const theirs = {
    manager: 'deployer',
    operation: 'Apply',
    apiVersion: 'example/v1',
    time: '2026-01-01T00:00:00Z',
  }
  const kubernetes = JSON.stringify([{ ...theirs, fieldsType: 'FieldsV1', fieldsV1: nested }])
  expect(JSON.stringify(applied.metadata.managedFields).length * 1.8).toBeLessThan(kubernetes.length)
})
