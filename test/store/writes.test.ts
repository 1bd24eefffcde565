import { describe, expect, test } from 'vitest'
import type { ObjectInput, Store, StoredObject } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const at = { namespace: 'default', name: 'a' }
const newStore = (): Store => createWorld().store
const create = (
  store: Store,
  metadata: object = {},
  spec: WidgetSpec = { size: 1 },
): Promise<StoredObject<WidgetSpec, WidgetStatus>> =>
  store.create(Widget, { metadata: { ...at, ...metadata }, spec })

describe('create', () => {
  test('fills the server side of metadata under the next revision', async () => {
    const store = newStore()
    const made = await create(store)
    expect(store.revision).toBe(1)
    expect(made).toEqual({
      apiVersion: 'example/v1',
      kind: 'Widget',
      metadata: {
        ...at,
        uid: expect.stringMatching(/./),
        resourceVersion: '1',
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00.000Z',
        labels: {},
        annotations: {},
        ownerReferences: [],
        finalizers: [],
      },
      spec: { size: 1 },
    })
    expect(store.get(Widget, at)).toBe(made)
  })

  test('ignores what only the store may set', async () => {
    const store = newStore()
    const made = await create(store, {
      uid: 'mine',
      generation: 77,
      creationTimestamp: '1999-01-01T00:00:00Z',
      deletionTimestamp: '1999-01-01T00:00:00Z',
    })
    expect(made.metadata.uid).not.toBe('mine')
    expect(made.metadata.generation).toBe(1)
    expect(made.metadata.creationTimestamp).toBe('2026-01-01T00:00:00.000Z')
    expect(made.metadata.deletionTimestamp).toBeUndefined()
  })

  test('a name is taken once', async () => {
    const store = newStore()
    await create(store)
    await expect(create(store)).rejects.toMatchObject({ code: 'AlreadyExists', details: { deleting: false } })
  })

  test('generateName appends five characters and avoids names in use', async () => {
    const store = newStore()
    const names = new Set<string>()
    for (let index = 0; index < 200; index++) {
      const made = await store.create(Widget, {
        metadata: { namespace: 'default', generateName: 'job-' },
        spec: {},
      })
      names.add(made.metadata.name)
      expect(made.metadata.name).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    }
    expect(names.size).toBe(200)
  })
})

describe('what is refused changes nothing', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  class Point {
    readonly x = 1
  }
  const specs: readonly [string, unknown, string][] = [
    ['undefined', { a: { b: undefined } }, 'spec.a.b'],
    ['NaN', { list: [1, Number.NaN] }, 'spec.list[1]'],
    ['Infinity', { size: Number.POSITIVE_INFINITY }, 'spec.size'],
    ['a date', { at: new Date(0) }, 'spec.at'],
    ['a map', { at: new Map() }, 'spec.at'],
    ['an instance', { p: new Point() }, 'spec.p'],
    ['a function', { f: () => 1 }, 'spec.f'],
    ['a bigint', { n: 1n }, 'spec.n'],
    ['a symbol', { s: Symbol('s') }, 'spec.s'],
    ['a cycle', cyclic, 'spec.self'],
    ['__proto__', JSON.parse('{"x":{"__proto__":{"polluted":true}}}'), 'spec.x.__proto__'],
    ['a hole', { list: new Array(2) }, 'spec.list[0]'],
  ]
  test.each(specs)('spec with %s', async (_name, spec, field) => {
    const store = newStore()
    const made = await create(store)
    for (const write of [
      store.create(Widget, { metadata: { ...at, name: 'b' }, spec: spec as WidgetSpec }),
      store.update(Widget, { ...made, spec: spec as WidgetSpec }),
    ]) {
      await expect(write).rejects.toMatchObject({ code: 'Invalid', problems: [{ field }] })
    }
    expect(store.revision).toBe(1)
    expect(store.list(Widget).items).toEqual([made])
  })

  const inputs: readonly [string, Partial<Record<keyof ObjectInput, unknown>>, string][] = [
    ['no metadata', { metadata: undefined }, 'metadata'],
    ['no name', { metadata: { namespace: 'default' } }, 'metadata.name'],
    ['an upper case name', { metadata: { ...at, name: 'A' } }, 'metadata.name'],
    ['a long name', { metadata: { ...at, name: 'a'.repeat(254) } }, 'metadata.name'],
    ['no namespace', { metadata: { name: 'a' } }, 'metadata.namespace'],
    ['a namespace with a dot', { metadata: { ...at, namespace: 'a.b' } }, 'metadata.namespace'],
    ['a resourceVersion', { metadata: { ...at, resourceVersion: '5' } }, 'metadata.resourceVersion'],
    ['another kind', { kind: 'Gadget' }, 'kind'],
    ['another apiVersion', { apiVersion: 'v2' }, 'apiVersion'],
    ['a bad label', { metadata: { ...at, labels: { 'a b': 'x' } } }, 'metadata.labels["a b"]'],
    ['a label that is no text', { metadata: { ...at, labels: { a: 1 } } }, 'metadata.labels["a"]'],
    [
      'an annotation that is no text',
      { metadata: { ...at, annotations: { a: 1 } } },
      'metadata.annotations.a',
    ],
    ['a bare finalizer', { metadata: { ...at, finalizers: ['bad name'] } }, 'metadata.finalizers[0]'],
    [
      'both collector finalizers',
      { metadata: { ...at, finalizers: ['orphan', 'foregroundDeletion'] } },
      'metadata.finalizers',
    ],
    [
      'a finalizer twice',
      { metadata: { ...at, finalizers: ['e.com/x', 'e.com/x'] } },
      'metadata.finalizers[1]',
    ],
    [
      'an owner without uid',
      { metadata: { ...at, ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n' }] } },
      'metadata.ownerReferences[0].uid',
    ],
    [
      'two controllers',
      {
        metadata: {
          ...at,
          ownerReferences: ['u', 'v'].map(uid => ({
            apiVersion: 'v1',
            kind: 'K',
            name: 'n',
            uid,
            controller: true,
          })),
        },
      },
      'metadata.ownerReferences[1].controller',
    ],
    ['an unknown metadata field', { metadata: { ...at, label: {} } }, 'metadata.label'],
    ['an unknown field', { data: {} } as object, 'data'],
  ]
  test.each(inputs)('create with %s', async (_name, part, field) => {
    const store = newStore()
    const input = { metadata: at, spec: {}, ...part } as unknown as ObjectInput<WidgetSpec, WidgetStatus>
    await expect(store.create(Widget, input)).rejects.toMatchObject({
      code: 'Invalid',
      problems: [{ field }],
    })
    expect(store.revision).toBe(0)
  })
})

describe('stored objects are apart from the caller', () => {
  test('later changes of the input do not reach the store, and what is read is frozen', async () => {
    const store = newStore()
    const spec = { list: [1, 2] }
    const made = await create(store, {}, spec)
    spec.list[0] = 99
    expect(store.get(Widget, at)?.spec).toEqual({ list: [1, 2] })
    for (const part of [
      made,
      made.metadata,
      made.metadata.labels,
      made.metadata.finalizers,
      made.spec,
      made.spec.list,
    ]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  test('unchanged parts of two versions are the same objects', async () => {
    const store = newStore()
    const made = await create(store, { labels: { app: 'x' } }, { size: 1, list: [1] })
    const next = await store.update(Widget, { ...structuredClone(made), spec: { size: 2, list: [1] } })
    expect(next.spec.list).toBe(made.spec.list)
    expect(next.metadata.labels).toBe(made.metadata.labels)
  })
})

describe('update', () => {
  test('a stale one conflicts, says what changed, and changes nothing', async () => {
    const store = newStore()
    const made = await create(store)
    const next = await store.update(Widget, { ...made, spec: { size: 2 } })
    await expect(store.update(Widget, { ...made, spec: { size: 3 } })).rejects.toMatchObject({
      code: 'Conflict',
      details: {
        ...at,
        kind: 'Widget',
        field: 'resourceVersion',
        expected: '1',
        actual: '2',
        changed: ['spec'],
      },
    })
    expect(store.get(Widget, at)).toBe(next)
    expect(store.revision).toBe(2)
  })

  test('one that changes nothing takes no revision and returns what is stored', async () => {
    const store = newStore()
    const made = await create(store, { labels: { app: 'x' } })
    expect(await store.update(Widget, structuredClone(made))).toBe(made)
    expect(await store.modify(Widget, at, draft => void (draft.spec.size = 1))).toBe(made)
    expect(store.revision).toBe(1)
  })

  test('needs a resourceVersion unless it is unconditional', async () => {
    const store = newStore()
    await create(store)
    const blind = { metadata: at, spec: { size: 5 } }
    await expect(store.update(Widget, blind)).rejects.toMatchObject({ code: 'Invalid' })
    expect((await store.update(Widget, blind, { unconditional: true })).spec.size).toBe(5)
  })

  test('of a missing object is NotFound, of another life of the name a Conflict', async () => {
    const store = newStore()
    await expect(
      store.update(Widget, { metadata: { ...at, resourceVersion: '1', uid: 'x' }, spec: {} }),
    ).rejects.toMatchObject({ code: 'NotFound' })
    const first = await create(store)
    await store.delete(Widget, at)
    const second = await create(store)
    const metadata = { ...second.metadata, uid: first.metadata.uid }
    await expect(store.update(Widget, { ...second, metadata })).rejects.toMatchObject({
      code: 'Conflict',
      details: { field: 'uid' },
    })
  })
})

describe('generation and status', () => {
  test('metadata leaves generation alone, spec raises it, status has its own way', async () => {
    const store = newStore()
    const a = await store.create(Widget, { metadata: at, spec: { size: 1 }, status: { ready: 9 } })
    expect(a.status).toBeUndefined()
    const b = await store.updateStatus(Widget, {
      ...a,
      metadata: { ...a.metadata, labels: { z: '1' } },
      spec: { size: 5 },
      status: { ready: 1 },
    })
    expect(b).toMatchObject({
      spec: { size: 1 },
      status: { ready: 1 },
      metadata: { generation: 1, labels: {} },
    })
    const c = await store.update(Widget, { ...b, spec: { size: 2 }, status: { ready: 7 } })
    expect(c).toMatchObject({ spec: { size: 2 }, status: { ready: 1 }, metadata: { generation: 2 } })
    const d = await store.modify(Widget, at, draft => void (draft.metadata.labels['x'] = '1'))
    expect(d.metadata.generation).toBe(2)
    const e = await store.modifyStatus(Widget, at, draft => {
      draft.status = { ready: 3 }
      draft.spec.size = 100
    })
    expect(e).toMatchObject({ spec: { size: 2 }, status: { ready: 3 }, metadata: { generation: 2 } })
  })

  test('without a status subresource status is an ordinary field', async () => {
    const store = newStore()
    const a = await store.create(Gadget, { metadata: { name: 'g' }, spec: {}, status: { ready: 1 } })
    expect(a.status).toEqual({ ready: 1 })
    const b = await store.update(Gadget, { ...a, status: { ready: 2 } })
    expect(b.metadata.generation).toBe(2)
    await expect(store.updateStatus(Gadget, b)).rejects.toMatchObject({ code: 'Usage' })
  })
})

describe('deletion', () => {
  const finalizers = ['example.com/x', 'example.com/y']

  test('takes a revision and returns the last state under it', async () => {
    const store = newStore()
    await create(store)
    const gone = await store.delete(Widget, at)
    expect(gone.metadata.resourceVersion).toBe('2')
    expect(store.get(Widget, at)).toBeUndefined()
    await expect(store.delete(Widget, at)).rejects.toMatchObject({ code: 'NotFound' })
  })

  test('checks its preconditions', async () => {
    const store = newStore()
    const a = await create(store)
    const b = await store.update(Widget, { ...a, spec: { size: 2 } })
    const stale = { resourceVersion: a.metadata.resourceVersion }
    await expect(store.delete(Widget, at, { preconditions: { uid: 'other' } })).rejects.toMatchObject({
      code: 'Conflict',
    })
    await expect(store.delete(Widget, at, { preconditions: stale })).rejects.toMatchObject({
      code: 'Conflict',
    })
    const { uid, resourceVersion } = b.metadata
    await store.delete(Widget, at, { preconditions: { uid, resourceVersion } })
    expect(store.get(Widget, at)).toBeUndefined()
  })

  test('waits for finalizers; the removal of the last one completes it', async () => {
    const store = newStore()
    await create(store, { finalizers })
    const marked = await store.delete(Widget, at)
    expect(marked.metadata).toMatchObject({
      generation: 2,
      deletionTimestamp: '2026-01-01T00:00:00.000Z',
      deletionGracePeriodSeconds: 0,
    })
    expect(await store.delete(Widget, at)).toBe(marked)
    await expect(create(store)).rejects.toMatchObject({ code: 'AlreadyExists', details: { deleting: true } })
    await store.modify(Widget, at, draft => void draft.metadata.finalizers.shift())
    expect(store.get(Widget, at)?.metadata.finalizers).toEqual(['example.com/y'])
    await store.modify(Widget, at, draft => void draft.metadata.finalizers.shift())
    expect(store.get(Widget, at)).toBeUndefined()
  })

  test('once begun, no finalizer is added and its marks are the store’s', async () => {
    const store = newStore()
    const live = await create(store, { finalizers })
    const far = '2030-01-01T00:00:00Z'
    const mark = (object: StoredObject<WidgetSpec, WidgetStatus>, metadata: object): Promise<unknown> =>
      store.update(Widget, { ...object, metadata: { ...object.metadata, ...metadata } })
    await expect(mark(live, { deletionTimestamp: far })).rejects.toMatchObject({ code: 'Invalid' })
    const marked = await store.delete(Widget, at)
    await expect(mark(marked, { finalizers: [...finalizers, 'example.com/z'] })).rejects.toMatchObject({
      code: 'Invalid',
    })
    await expect(mark(marked, { deletionTimestamp: far })).rejects.toMatchObject({ code: 'Invalid' })
    const { deletionTimestamp, ...rest } = marked.metadata
    const kept = await store.update(Widget, { ...marked, metadata: { ...rest, labels: { k: 'v' } } })
    expect(kept.metadata.deletionTimestamp).toBe(deletionTimestamp)
  })
})

describe('modify', () => {
  test('a recipe that throws, is asynchronous, or renames the object changes nothing', async () => {
    const store = newStore()
    const made = await create(store)
    await expect(
      store.modify(Widget, at, () => {
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    const late = (async () => {}) as () => void
    await expect(store.modify(Widget, at, late)).rejects.toMatchObject({ code: 'Usage' })
    await expect(store.modify(Widget, at, draft => void (draft.metadata.name = 'b'))).rejects.toMatchObject({
      code: 'Invalid',
    })
    await expect(store.modify(Widget, { ...at, name: 'zz' }, () => {})).rejects.toMatchObject({
      code: 'NotFound',
    })
    expect(store.list(Widget).items).toEqual([made])
    expect(store.revision).toBe(1)
  })

  test('what a recipe returns is ignored', async () => {
    const store = newStore()
    await create(store)
    const next = await store.modify(Widget, at, draft => (draft.spec.size = 7) as unknown as undefined)
    expect(next.spec.size).toBe(7)
  })

  test('a write inside a recipe is refused', async () => {
    const store = newStore()
    await create(store)
    let inner: Promise<unknown> | undefined
    await store.modify(Widget, at, draft => {
      inner = store.delete(Widget, at)
      draft.spec.size = 2
    })
    await expect(inner).rejects.toMatchObject({ code: 'Usage' })
    expect(store.get(Widget, at)?.spec.size).toBe(2)
  })
})

describe('names', () => {
  test('a reference without its namespace, or with one too many, is refused', async () => {
    const store = newStore()
    expect(() => store.get(Widget, { name: 'a' })).toThrowError(expect.objectContaining({ code: 'Invalid' }))
    expect(() => store.get(Gadget, at)).toThrowError(expect.objectContaining({ code: 'Invalid' }))
    await expect(store.delete(Widget, { name: 'a' })).rejects.toMatchObject({ code: 'Invalid' })
  })

  test('a kind that the store was not made with is refused, and so is a closed store', async () => {
    const store = createStore({ kinds: [Widget] })
    expect(() => store.list(Gadget)).toThrowError(expect.objectContaining({ code: 'Usage' }))
    await store.close()
    expect(() => store.list(Widget)).toThrowError(expect.objectContaining({ code: 'Closed' }))
    await expect(create(store)).rejects.toMatchObject({ code: 'Closed' })
  })
})
