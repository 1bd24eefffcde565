import { describe, expect, test } from 'vitest'
import type { Env } from '../../src/core/index.js'
import { silentLogger, systemEnv } from '../../src/core/index.js'
import type {
  Client,
  ExpiryOptions,
  Kind,
  Lifetimes,
  ListOptions,
  ObjectInput,
  ObjectRef,
  Recipe,
  Snapshot,
  Store,
  Watch,
  WatchOptions,
} from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv, describeStore } from '../../src/testing/index.js'
import type { AlmostRight, Calls } from './fixtures/broken-laws.js'
import { brokenBy, brokenLaws, telling } from './fixtures/broken-laws.js'

type Input = ObjectInput<unknown, unknown>
type Expiry = ExpiryOptions & { readonly dryRun?: boolean }

/** The lifetimes of the store with some calls of their own. */
const leasing =
  (calls: (lifetimes: Lifetimes) => Partial<Lifetimes>) =>
  (store: Store): Calls => ({ lifetimes: { ...store.lifetimes, ...calls(store.lifetimes) } })

const lifetimes: readonly AlmostRight[] = [
  [
    'forgets what its lifetimes keep',
    store => ({
      create: (kind: Kind, object: Input, { lifetime: _, ...options }: Expiry = {}) =>
        store.create(kind, object, options),
    }),
    /^the end of a lifetime deletes what is attached/,
  ],
  [
    'tells the end of a lifetime object by object',
    store => ({
      watch: (kind: Kind, options: WatchOptions) =>
        telling(store.watch(kind, options), (batch, listener) => {
          for (const event of batch.events) listener({ ...batch, events: [event] })
        }),
    }),
    /^the end of a lifetime deletes what is attached/,
  ],
  [
    'gives less time than was asked for',
    leasing(of => ({
      grant: async options => ({
        ...(await of.grant({ ...options, ttlMs: options.ttlMs / 2 })),
        ttlMs: options.ttlMs,
      }),
    })),
    /^a lifetime does not end early/,
  ],
  [
    'renews nothing',
    leasing(of => ({ renew: id => Promise.resolve({ ...of.get(id)!, remainingMs: of.get(id)!.ttlMs }) })),
    /^a lifetime does not end early/,
  ],
  [
    'takes a revision for each renewal',
    store => {
      let touch = (): Promise<unknown> => Promise.resolve()
      return {
        ...leasing(of => ({ renew: id => touch().then(() => of.renew(id)) }))(store),
        create: (kind: Kind, object: Input, options: Expiry) => {
          const { name = '', namespace = '' } = object.metadata
          touch = () =>
            store.modify(kind, { namespace, name }, draft => void (draft.metadata.labels['renewed'] += 'x'))
          return store.create(kind, object, options)
        },
      }
    },
    /^a lifetime does not end early/,
  ],
  [
    'brings lapsed lifetimes back',
    leasing(of => ({ renew: id => of.renew(id).catch(() => of.grant({ id, ttlMs: 1_000 })) })),
    /^a lapsed lifetime cannot be renewed/,
  ],
  [
    'revokes a lifetime and leaves its objects',
    leasing(of => ({ revoke: id => of.renew(id).then(() => {}) })),
    /^a revoked lifetime ends at once/,
  ],
  [
    'takes any lifetime that it is asked for',
    leasing(of => ({
      grant: ({ ttlMs, ...options }) => of.grant({ ...options, ttlMs: ttlMs > 0 ? ttlMs : 1 }),
    })),
    /^an invalid lifetime is refused/,
  ],
  [
    'has lifetimes that no fence holds',
    store => ({
      client: (...of: Parameters<Store['client']>): Client =>
        Object.assign(Object.create(store.client(...of)) as Client, { lifetimes: store.lifetimes }),
    }),
    /^lifetimes obey the fence/,
  ],
  [
    'goes on writing for who has lost its lock',
    store => ({
      client: (env: Env): Client =>
        Object.assign(Object.create(store) as Client, {
          create: async (kind: Kind, object: Input) => store.client(env).create(kind, object),
        }),
    }),
    /^who keeps a lock by a lifetime is fenced/,
  ],
  [
    'has no time to live',
    store => ({
      create: (kind: Kind, object: Input, { ttlMs: _, ...options }: Expiry = {}) =>
        store.create(kind, object, options),
    }),
    /^an object with a time to live goes/,
  ],
  [
    'detaches an object with each write that names no lifetime',
    store => ({
      modify: (kind: Kind, ref: ObjectRef, recipe: Recipe<unknown, unknown>, options: Expiry = {}) =>
        store.modify(
          kind,
          ref,
          recipe,
          options.ttlMs === undefined ? { lifetime: null, ...options } : options,
        ),
    }),
    /^a write that names no lifetime keeps/,
  ],
  [
    'attaches in a dry run',
    store => ({
      modify: async (kind: Kind, ref: ObjectRef, recipe: Recipe<unknown, unknown>, options: Expiry = {}) => {
        const { dryRun = false, ...lifetime } = options
        if (dryRun) return store.modify(kind, ref, () => {}, lifetime)
        return store.modify(kind, ref, recipe, lifetime)
      },
    }),
    /^a write that names no lifetime keeps/,
  ],
  [
    'keeps lifetimes by name',
    store => {
      const kept = new Map<string, string>()
      return {
        create: (kind: Kind, object: Input, options: Expiry = {}) => {
          const { name = '' } = object.metadata
          const lifetime = options.lifetime ?? kept.get(name)
          if (lifetime !== undefined) kept.set(name, lifetime)
          return store.create(kind, object, lifetime === undefined ? options : { ...options, lifetime })
        },
      }
    },
    /^an object that is created again/,
  ],
  [
    'writes first and looks for the lifetime then',
    store => ({
      create: async (kind: Kind, object: Input, { lifetime, ...options }: Expiry = {}) => {
        const made = await store.create(kind, object, options)
        return lifetime === undefined ? made : store.modify(kind, made.metadata, () => {}, { lifetime })
      },
    }),
    /^an unknown lifetime refuses the write/,
  ],
  [
    'takes the lifetime when there is a time as well',
    store => ({
      create: (kind: Kind, object: Input, { ttlMs, ...options }: Expiry = {}) =>
        store.create(kind, object, ttlMs === undefined || options.lifetime ? options : { ttlMs }),
    }),
    /^an invalid expiry/,
  ],
  [
    'ends an object whatever its finalizers say',
    store => ({
      create: (kind: Kind, { metadata: { finalizers: _, ...metadata }, ...object }: Input, options: Expiry) =>
        store.create(kind, { ...object, metadata }, options),
    }),
    /^expiry only marks/,
  ],
]

const watches: readonly AlmostRight[] = [
  [
    'holds nobody back',
    store => ({
      watch: (kind: Kind, { slowConsumer: _, bufferLimit: __, ...options }: WatchOptions = {}) =>
        store.watch(kind, options),
    }),
    /^a watcher that blocks holds writes back/,
  ],
  [
    'holds writers back for ever',
    store => {
      let held = 0
      return {
        watch: (kind: Kind, options: WatchOptions) => store.watch(kind, options),
        modify: (...write: Parameters<Store['modify']>) =>
          ++held > 2 ? new Promise(() => {}) : store.modify(...write),
      }
    },
    /^a watcher that blocks is given up/,
  ],
  [
    'holds back whoever watches',
    store => ({
      client: (...of: Parameters<Store['client']>): Client =>
        Object.assign(Object.create(store.client(...of)) as Client, { watch: store.watch }),
    }),
    /^a client is not held back by its own watch/,
  ],
  [
    'answers with a circle where it has to refuse',
    () => {
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      return { compact: () => Promise.resolve(), snapshot: () => circle }
    },
    /^compaction refuses what was before/,
  ],
  ['compacts nothing', () => ({ compact: () => Promise.resolve() }), /^compaction refuses what was before/],
  [
    'compacts all that there is',
    store => ({ compact: () => store.compact(store.revision) }),
    /^compaction leaves what came after/,
  ],
  [
    'compacts twice',
    store => ({
      compact: (revision: number) =>
        store.compact(revision).catch((error: { code: string }) => {
          if (error.code !== 'Expired') throw error
        }),
    }),
    /^what was compacted cannot be again/,
  ],
  [
    'ends every watcher for compaction',
    store => {
      const opened: Watch<unknown>[] = []
      return {
        watch: (kind: Kind, options: WatchOptions) => {
          const watch = store.watch(kind, options)
          opened.push(watch)
          return watch
        },
        compact: async (revision: number) => {
          await store.compact(revision)
          for (const watch of opened) watch.close()
        },
      }
    },
    /^compaction ends watchers that have not read/,
  ],
  [
    'lets go of open snapshots',
    store => {
      const snapshots: Snapshot[] = []
      return {
        snapshot: (revision?: number) => {
          const snapshot = store.snapshot(revision)
          snapshots.push(snapshot)
          return snapshot
        },
        compact: (revision: number) => {
          for (const snapshot of snapshots) snapshot.close()
          return store.compact(revision)
        },
      }
    },
    /^an open snapshot outlives compaction/,
  ],
  [
    'begins without what exists',
    store => ({
      watch: (kind: Kind, { sendInitialEvents: _, ...options }: WatchOptions = {}) =>
        store.watch(kind, options),
    }),
    /^a list and watch begins with what exists/,
  ],
  [
    'ends a watch that falls behind without a word',
    store => ({
      watch: (kind: Kind, options: WatchOptions) => {
        const watch = store.watch(kind, options)
        return Object.assign(
          telling(watch, (batch, listener) => listener(batch)),
          {
            async *[Symbol.asyncIterator]() {
              try {
                yield* watch
              } catch {
                // Ends as if it had been closed.
              }
            },
          },
        )
      },
    }),
    /^a list and watch tells what a gap has hidden/,
  ],
  [
    'loses the selector of a watch that begins with what exists',
    store => ({
      watch: (kind: Kind, { labelSelector: _, ...options }: WatchOptions = {}) => store.watch(kind, options),
    }),
    /^who follows a list and watch through gaps/,
  ],
  [
    'takes the tokens of others',
    store => ({
      list: (kind: Kind, { continue: token, limit, ...query }: ListOptions = {}) => {
        const { items, revision } = store.list(kind, query)
        const first = items.findIndex(({ metadata }) => metadata.name === token) + 1
        const page = items.slice(first, first + (limit ?? items.length))
        const next = items.length > first + page.length ? { continue: page.at(-1)?.metadata.name } : {}
        return { revision, items: page, ...next }
      },
    }),
    /^a continue token belongs to its store/,
  ],
]

describe('the laws of a store', () => {
  test.each([...lifetimes, ...watches])('notice one that %s', async (_fault, calls, law) => {
    expect(await brokenBy(() => ({}), law)).toEqual([])
    expect(await brokenBy(calls, law)).toEqual([expect.stringMatching(law)])
  })

  test('hold for a store with a time of its own', async () => {
    const own = createVirtualEnv()
    const env = Object.create(systemEnv, {
      clock: { value: own.clock },
      logger: { value: silentLogger },
    }) as Env
    const passed: number[] = []
    const passTime = (ms: number): Promise<void> => {
      passed.push(ms)
      return own.advance(ms)
    }
    const given: unknown[] = []
    const broken = await brokenLaws(
      options => {
        given.push(options.env)
        return createStore({ ...options, env })
      },
      { passTime, lifeMs: 60_000, only: /lifetime|life|time to live|blocks|held back/ },
    )
    expect(broken).toEqual([])
    expect(given.filter(one => one !== undefined)).toEqual([])
    expect(passed).toContain(90_000)
    expect(given.length).toBeGreaterThan(12)
  })

  test('notice a store whose time nobody moves', async () => {
    const broken = await brokenLaws(({ env: _, ...options }) => createStore(options), {
      patienceMs: 50,
      only: /^the end of a lifetime/,
    })
    expect(broken).toHaveLength(1)
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('need a time for lifetimes: not %s', lifeMs => {
    const frame = { describe: (_name: string, body: () => void) => body(), test: () => {} }
    expect(() => describeStore(createStore, { ...frame, lifeMs })).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringMatching(/lifeMs/) as unknown }),
    )
  })
})
