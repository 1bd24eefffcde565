import { describe, expect, test } from 'vitest'
import type {
  Kind,
  ListOptions,
  ObjectInput,
  ObjectRef,
  WatchOptions,
  WriteOptions,
} from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { describeStore } from '../../src/testing/index.js'
import type { AlmostRight } from './fixtures/broken-laws.js'
import { brokenBy, brokenLaws, telling } from './fixtures/broken-laws.js'

describeStore(createStore, { describe, test, name: 'the memory store' })

/** Stores that are almost right, and the law that tells. */
const almost: readonly AlmostRight[] = [
  [
    'loses updates',
    store => ({
      update: (kind: Kind, { metadata: { resourceVersion: _, ...metadata }, ...object }: ObjectInput) =>
        store.update(kind, { ...object, metadata }, { unconditional: true }),
    }),
    /^a stale update is a conflict/,
  ],
  [
    'tells the revision of what a write returns',
    store => ({
      modify: async (
        kind: Kind,
        ref: ObjectRef,
        recipe: () => void,
        { committed, ...options }: WriteOptions,
      ) => {
        const object = await store.modify(kind, ref, recipe, options)
        committed?.(Number(object.metadata.resourceVersion))
        return object
      },
    }),
    /^whoever asks hears the revision/,
  ],
  [
    'keeps the first half of a transaction that fails',
    store => ({
      transact: (body: (tx: unknown) => unknown) =>
        store.transact(tx => {
          try {
            return body(tx)
          } catch {
            return undefined
          }
        }),
    }),
    /^a transaction that throws changes nothing/,
  ],
  [
    'makes a transaction of each write',
    store => ({
      watch: (kind: Kind, options: WatchOptions) =>
        telling(store.watch(kind, options), (batch, listener) => {
          for (const event of batch.events) listener({ ...batch, events: [event] })
        }),
    }),
    /^all writes of a transaction have one revision and are told in one batch/,
  ],
  [
    'tells everything twice',
    store => ({
      watch: (kind: Kind, options: WatchOptions) =>
        telling(store.watch(kind, options), (batch, listener) => {
          listener(batch)
          listener(batch)
        }),
    }),
    /^every change is told once/,
  ],
  [
    'tells nothing',
    store => ({
      watch: (kind: Kind, options: WatchOptions) => telling(store.watch(kind, options), () => {}),
    }),
    /^every change is told once/,
  ],
  [
    'forgets from where to watch',
    store => ({
      watch: (kind: Kind, { since: _, ...options }: WatchOptions = {}) => store.watch(kind, options),
    }),
    /^a watch from any kept revision/,
  ],
  [
    'goes on telling after close',
    store => ({
      watch: (kind: Kind, options: WatchOptions) =>
        Object.assign(
          telling(store.watch(kind, options), (batch, listener) => listener(batch)),
          {
            close: () => {},
          },
        ),
    }),
    /^nothing is told after close/,
  ],
  [
    'does not care for finalizers',
    store => ({
      delete: async (kind: Kind, ref: ObjectRef, options: never) => {
        await store.modify(kind, ref, draft => void (draft.metadata.finalizers = []))
        return store.delete(kind, ref, options)
      },
    }),
    /^finalizers hold an object/,
  ],
  [
    'does not care for preconditions',
    store => ({ delete: (kind: Kind, ref: ObjectRef) => store.delete(kind, ref) }),
    /^a deletion looks at its preconditions/,
  ],
  [
    'lists in another order',
    store => ({
      list: (kind: Kind, options: never) => {
        const { revision, items } = store.list(kind, options)
        return { revision, items: items.toReversed() }
      },
    }),
    /^lists are in the order of keys/,
  ],
  [
    'has an index that lists everything',
    store => ({
      list: (kind: Kind, { index: _, ...options }: { index?: unknown } = {}) => store.list(kind, options),
    }),
    /^selectors and indexes choose/,
  ],
  [
    'gives objects that can be changed',
    store => ({
      create: async (kind: Kind, object: never) => structuredClone(await store.create(kind, object)),
    }),
    /^nobody can change a stored object/,
  ],
  [
    'has snapshots that move',
    store => ({ snapshot: () => Object.create(store, { close: { value: () => {} } }) as unknown }),
    /^a snapshot stays as it is/,
  ],
  [
    'has fences that hold nobody',
    store => ({ client: () => store.client(store.env) }),
    /^a fenced client stops/,
  ],
  [
    'makes new pages of what is newest',
    store => ({
      list: (kind: Kind, options: ListOptions = {}) => {
        const { continue: token, limit = 100, ...query } = options
        const first = token?.startsWith('from ') === true ? Number(token.slice(5)) : 0
        if (token !== undefined && first === 0) return store.list(kind, options)
        const { revision, items } = store.list(kind, query)
        const page = { revision, items: items.slice(first, first + limit) }
        return first + limit < items.length ? { ...page, continue: `from ${first + limit}` } : page
      },
    }),
    /^all pages are of the revision of the first/,
  ],
  [
    'applies half a patch',
    store => ({
      patch: async (kind: Kind, ref: ObjectRef, patch: readonly never[], options: never) => {
        if (!Array.isArray(patch)) return store.patch(kind, ref, patch, options)
        let last: unknown
        for (const operation of patch) last = await store.patch(kind, ref, [operation], options)
        return last
      },
    }),
    /^a JSON patch that does not fit in one operation/,
  ],
  [
    'forces whatever is applied',
    store => ({
      patch: (kind: Kind, ref: ObjectRef, patch: never, options: object) =>
        store.patch(kind, ref, patch, { ...options, force: true } as never),
    }),
    /^apply conflicts with other managers/,
  ],
  [
    'forks into itself',
    store => ({
      snapshot: () => {
        const snapshot = store.snapshot()
        return {
          get: snapshot.get.bind(snapshot),
          list: snapshot.list.bind(snapshot),
          count: snapshot.count.bind(snapshot),
          hash: snapshot.hash.bind(snapshot),
          revision: snapshot.revision,
          close: () => snapshot.close(),
          fork: () => store,
        }
      },
    }),
    /^a fork goes its own way/,
  ],
  ['cannot be closed', () => ({ close: () => Promise.resolve() }), /^a closed store ends its watches/],
]

describe('the laws of a store', () => {
  test.each(almost)('notice one that %s', async (_fault, calls, law) => {
    expect(await brokenBy(calls, law)).toContainEqual(expect.stringMatching(law))
  })

  test('hold for a store that is made asynchronously', async () => {
    expect(await brokenLaws(options => Promise.resolve(createStore(options)))).toEqual([])
  })

  test('need a test framework, and say so', () => {
    expect(() => describeStore(createStore)).toThrow(expect.objectContaining({ code: 'Usage' }))
  })
})
