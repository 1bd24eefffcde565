import fc from 'fast-check'
import fastJsonPatch from 'fast-json-patch'
import { describe, expect, test } from 'vitest'
import type { JsonPatchOperation, Store, StoredObject } from '../../src/store/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Gadget, kindOf, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

type WidgetObject = StoredObject<WidgetSpec, WidgetStatus>

const at = { namespace: 'default', name: 'a' }
const newStore = (): Store => createWorld().store
const create = (store: Store): Promise<WidgetObject> =>
  store.create(Widget, { metadata: { ...at, labels: { app: 'web' } }, spec: { size: 1, list: [1, 2] } })
const json = { type: 'json' } as const
const merge = { type: 'merge' } as const

describe('a patch of an object', () => {
  test('changes what it names and shares the rest', async () => {
    const store = newStore()
    const before = await create(store)
    const sized = await store.patch(Widget, at, [{ op: 'replace', path: '/spec/size', value: 2 }], json)
    expect(sized).toMatchObject({ spec: { size: 2 }, metadata: { generation: 2, resourceVersion: '2' } })
    expect(sized.spec.list).toBe(before.spec.list)
    expect(sized.metadata.labels).toBe(before.metadata.labels)
    const relabelled = await store.patch(
      Widget,
      at,
      { metadata: { labels: { app: null, tier: 'x' } } },
      merge,
    )
    expect(relabelled.metadata).toMatchObject({ generation: 2, labels: { tier: 'x' } })
    expect(relabelled.spec).toBe(sized.spec)
  })

  test('that changes nothing takes no revision', async () => {
    const store = newStore()
    const before = await create(store)
    expect(await store.patch(Widget, at, [], json)).toBe(before)
    expect(await store.patch(Widget, at, { spec: { size: 1, node: null } }, merge)).toBe(before)
    const there = [
      { op: 'add', path: '/spec/size', value: 5 },
      { op: 'replace', path: '/spec/size', value: 1 },
    ] as const
    expect(await store.patch(Widget, at, there, json)).toBe(before)
    expect(store.revision).toBe(1)
  })

  test('leaves the status to its own subresource, and the rest to the other', async () => {
    const store = newStore()
    await create(store)
    const both = { spec: { size: 2 }, status: { ready: 1 } }
    const main = await store.patch(Widget, at, both, merge)
    expect([main.spec.size, main.status]).toEqual([2, undefined])
    const status = await store.patch(
      Widget,
      at,
      { ...both, spec: { size: 9 } },
      { ...merge, subresource: 'status' },
    )
    expect([status.spec.size, status.status]).toEqual([2, { ready: 1 }])
    expect(status.metadata.generation).toBe(2)
  })

  test('is part of a transaction', async () => {
    const store = newStore()
    await create(store)
    await store.transact(tx => {
      tx.patch(Widget, at, { spec: { size: 2 } }, merge)
      const seen = tx.patch(Widget, at, [{ op: 'test', path: '/spec/size', value: 2 }], json)
      expect(seen.spec.size).toBe(2)
      tx.patch(Widget, at, { status: { ready: 3 } }, { ...merge, subresource: 'status' })
    })
    expect(store.get(Widget, at)).toMatchObject({ spec: { size: 2 }, status: { ready: 3 } })
    expect(store.revision).toBe(2)
  })

  test('can be tried without doing it', async () => {
    const store = newStore()
    await create(store)
    const tried = await store.patch(Widget, at, { spec: { size: 2 } }, { ...merge, dryRun: true })
    expect(tried.spec.size).toBe(2)
    expect(store.revision).toBe(1)
  })

  test('of a client is what it was when the call was made', async () => {
    const { env, store } = createWorld()
    await create(store)
    const patch = { spec: { size: 2 } }
    const done = store.client(env).patch(Widget, at, patch, merge)
    patch.spec.size = 3
    expect(store.get(Widget, at)?.spec.size).toBe(1)
    await env.settle()
    expect((await done).spec.size).toBe(2)
  })
})

describe('a patch is refused', () => {
  const cases: readonly [string, unknown, object, object][] = [
    [
      'with a resourceVersion that is stale',
      { metadata: { resourceVersion: '1' } },
      merge,
      { code: 'Conflict' },
    ],
    ['with the uid of another', { metadata: { uid: 'x' } }, merge, { code: 'Conflict' }],
    [
      'with a stale precondition',
      [],
      { ...json, preconditions: { resourceVersion: '1' } },
      { code: 'Conflict' },
    ],
    ['when it renames', { metadata: { name: 'b' } }, merge, { code: 'Invalid' }],
    ['when it moves', [{ op: 'remove', path: '/metadata/namespace' }], json, { code: 'Invalid' }],
    ['when it changes the kind', { kind: 'Gadget' }, merge, { code: 'Invalid' }],
    ['when it makes something else of it', 7, merge, { code: 'Invalid' }],
    ['when nothing is left', [{ op: 'replace', path: '', value: null }], json, { code: 'Invalid' }],
    ['when a label is no text', { metadata: { labels: { a: 7 } } }, merge, { code: 'Invalid' }],
    ['when it is not JSON', { spec: { size: Number.NaN } }, merge, { code: 'Invalid' }],
    [
      'when a test fails',
      [{ op: 'test', path: '/spec/size', value: 7 }],
      json,
      { code: 'Invalid', index: 0 },
    ],
    ['when it is no patch', { spec: {} }, json, { code: 'BadRequest', index: -1 }],
    ['of no type', {}, {}, { code: 'Usage' }],
    ['of another type', {}, { type: 'strategic' }, { code: 'Usage' }],
    ['of another subresource', {}, { ...merge, subresource: 'scale' }, { code: 'Usage' }],
  ]

  test.each(cases)('%s', async (_law, patch, options, error) => {
    const store = newStore()
    await create(store)
    const before = await store.modify(Widget, at, draft => void (draft.spec.size = 2))
    await expect(store.patch(Widget, at, patch as never, options as never)).rejects.toMatchObject(error)
    const inTransaction = store.transact(tx => tx.patch(Widget, at, patch as never, options as never))
    await expect(inTransaction).rejects.toMatchObject(error)
    expect(store.get(Widget, at)).toBe(before)
    expect(store.revision).toBe(2)
  })

  test('when the object does not exist', async () => {
    await expect(newStore().patch(Widget, at, {}, merge)).rejects.toMatchObject({ code: 'NotFound' })
  })

  test('when the kind has no status subresource', async () => {
    const store = newStore()
    await store.create(Gadget, { metadata: { name: 'g' }, spec: {} })
    const patch = store.patch(
      Gadget,
      { name: 'g' },
      { status: { ready: 1 } },
      { ...merge, subresource: 'status' },
    )
    await expect(patch).rejects.toMatchObject({ code: 'Usage' })
  })
})

describe('as laws', () => {
  const Free = kindOf('Free', { namespaced: false })
  const value = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 0, 'x'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', 'c/d'), tie('value'), { maxKeys: 3 }),
    ),
  })).value
  const spec = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value)

  test('the difference of two objects makes one of the other', async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, async (one, other) => {
        const { store } = createWorld({ kinds: [Free] })
        await store.create(Free, { metadata: { name: 'x' }, spec: one })
        const patch = fastJsonPatch.compare({ spec: one }, { spec: other }) as readonly JsonPatchOperation[]
        expect((await store.patch(Free, { name: 'x' }, patch, json)).spec).toEqual(other)
      }),
    )
  })

  test('all of its operations are done or none', async () => {
    await fc.assert(
      fc.asyncProperty(spec, spec, async (one, other) => {
        const { store } = createWorld({ kinds: [Free] })
        const before = await store.create(Free, { metadata: { name: 'x' }, spec: one })
        const patch = fastJsonPatch.compare({ spec: one }, { spec: other }) as readonly JsonPatchOperation[]
        const failing = [...patch, { op: 'remove', path: '/spec/nowhere' }] as const
        await expect(store.patch(Free, { name: 'x' }, failing, json)).rejects.toMatchObject({
          code: 'Invalid',
          index: patch.length,
        })
        expect(store.get(Free, { name: 'x' })).toBe(before)
      }),
    )
  })
})
