import { describe, expect, test } from 'vitest'
import type { Store, Watch, WatchBatch, WatchEvent, WatchOptions } from '../../src/store/index.js'
import { applyJsonPatch, listAndWatch } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface World {
  readonly env: VirtualEnv
  readonly store: Store
  readonly make: (name: string, labels?: Record<string, string>) => Promise<unknown>
  readonly resize: (name: string, size: number) => Promise<unknown>
  readonly collect: (options?: WatchOptions) => { readonly watch: Watch<unknown>; readonly lines: string[] }
}

function newWorld(logCapacity = 1_000): World {
  const { env, store } = createWorld({ logCapacity })
  const ref = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name })
  return {
    env,
    store,
    make: (name, labels = {}) =>
      store.create(Widget, { metadata: { ...ref(name), labels }, spec: { size: 1 } }),
    resize: (name, size) => store.modify(Widget, ref(name), draft => void (draft.spec.size = size)),
    collect: options => {
      const lines: string[] = []
      const watch = store.watch(Widget, options)
      watch.on(
        batch => lines.push(show(batch)),
        error =>
          lines.push(error === undefined ? 'end' : `error ${String((error as { code?: string }).code)}`),
      )
      return { watch, lines }
    },
  }
}

function show(batch: WatchBatch<{ metadata: { name: string; resourceVersion: string } }>): string {
  const events = batch.events.map(
    ({ type, object }) => `${type} ${object.metadata.name}@${object.metadata.resourceVersion}`,
  )
  const marks = [
    ...(batch.initialEventsEnd === true ? ['initial end'] : []),
    ...(batch.bookmark === true ? ['bookmark'] : []),
  ]
  return [`${batch.revision}:`, ...events, ...marks].join(' ')
}

describe('where a watch starts', () => {
  test('by default after now', async () => {
    const { env, make, resize, store, collect } = newWorld()
    await make('a')
    const { lines } = collect()
    await make('b')
    await resize('b', 2)
    await store.delete(Widget, { namespace: 'default', name: 'b' })
    await env.settle()
    expect(lines).toEqual(['2: ADDED b@2', '3: MODIFIED b@3', '4: DELETED b@4'])
  })

  test('after the revision of a list, without gap or repetition', async () => {
    const { env, make, store, collect } = newWorld()
    await make('a')
    const { revision } = store.list(Widget)
    await make('b')
    const { lines } = collect({ since: revision })
    const text = collect({ since: String(revision) })
    await make('c')
    await env.settle()
    expect(lines).toEqual(['2: ADDED b@2', '3: ADDED c@3'])
    expect(text.lines).toEqual(lines)
  })

  test('with the objects that exist, in key order, in one batch that says so', async () => {
    const { env, make, collect } = newWorld()
    await make('b')
    await make('a')
    const { lines } = collect({ sendInitialEvents: true })
    const none = collect({ sendInitialEvents: true, labelSelector: 'app=none' })
    await make('c')
    await env.settle()
    expect(lines).toEqual(['2: ADDED a@2 ADDED b@1 initial end', '3: ADDED c@3'])
    expect(none.lines).toEqual(['2: initial end'])
  })

  test.each<[string, WatchOptions, string]>([
    ['older than the log', { since: 3 }, 'Expired'],
    ['in the future', { since: 11 }, 'FutureRevision'],
    ['at no revision', { since: 'abc' }, 'BadRequest'],
    ['with a leading zero', { since: '07' }, 'BadRequest'],
    ['at half a revision', { since: 6.5 }, 'BadRequest'],
    ['with a selector that is none', { labelSelector: 'a in b' }, 'BadRequest'],
    ['with a field that nobody can select', { fieldSelector: 'kind=Widget' }, 'BadRequest'],
    ['with an index that is not declared', { index: { name: 'zone', value: 'z' } }, 'BadRequest'],
    ['for a share that is none', { shard: { of: 2, index: 2 } }, 'Usage'],
    ['both at a revision and at the objects', { since: 9, sendInitialEvents: true }, 'Usage'],
  ])('not %s', async (_name, options, code) => {
    const { make, collect } = newWorld(6)
    for (let index = 0; index < 10; index++) await make(`n${index}`)
    expect(() => collect(options)).toThrowError(expect.objectContaining({ code }))
  })

  test('at the oldest revision kept it misses nothing, a deletion included', async () => {
    const { env, make, store, collect } = newWorld(2)
    await make('a')
    await store.delete(Widget, { namespace: 'default', name: 'a' })
    await make('b')
    const { lines } = collect({ since: 1 })
    await env.settle()
    expect(lines).toEqual(['2: DELETED a@2', '3: ADDED b@3'])
  })
})

describe('what a watch tells', () => {
  test('an object that enters a selector is ADDED, one that leaves is DELETED as it was last seen', async () => {
    const { env, store, collect } = newWorld()
    const ref = { namespace: 'default', name: 'a' }
    await store.create(Widget, { metadata: { ...ref, labels: { app: 'x' } }, spec: { size: 1 } })
    const batches: WatchBatch<unknown>[] = []
    store.watch(Widget, { labelSelector: 'app=x', since: 1 }).on(batch => batches.push(batch))
    const { lines } = collect({ labelSelector: { matchLabels: { app: 'x' } }, since: 1 })
    const change = (size: number, app: string): Promise<unknown> =>
      store.modify(Widget, ref, draft => {
        draft.spec.size = size
        draft.metadata.labels = { app }
      })
    await change(2, 'x')
    await change(3, 'y')
    await change(4, 'y')
    await change(4, 'x')
    await env.settle()
    expect(lines).toEqual(['2: MODIFIED a@2', '3: DELETED a@3', '5: ADDED a@5'])
    expect(batches[1]?.events).toMatchObject([
      { object: { spec: { size: 2 }, metadata: { labels: { app: 'x' }, resourceVersion: '3' } } },
    ])
  })

  test('all changes of a transaction come as one batch, as their net effect', async () => {
    const { env, make, store, collect } = newWorld()
    await make('old')
    const { lines } = collect()
    const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name })
    await store.transact(tx => {
      const a = tx.create(Widget, { metadata: at('a'), spec: { size: 1 } })
      tx.update(Widget, { ...a, spec: { size: 2 } })
      tx.create(Widget, { metadata: at('tmp'), spec: {} })
      tx.delete(Widget, at('tmp'))
      tx.create(Gadget, { metadata: { name: 'g' }, spec: {} })
      tx.delete(Widget, at('old'))
      tx.create(Widget, { metadata: at('old'), spec: {} })
    })
    await env.settle()
    // Deleted and created again are two lives of one name.
    expect(lines).toEqual(['2: ADDED a@2 DELETED old@2 ADDED old@2'])
    expect(store.get(Widget, at('a'))?.spec.size).toBe(2)
  })

  test('an aborted transaction and a write without effect tell nothing', async () => {
    const { env, make, resize, store, collect } = newWorld()
    await make('a')
    const { lines } = collect()
    await resize('a', 1)
    const failed = store.transact(tx => {
      tx.delete(Widget, { namespace: 'default', name: 'a' })
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    await env.settle()
    expect(lines).toEqual([])
    expect(store.revision).toBe(1)
  })

  test('watchers of the same thing share their batches', async () => {
    const { env, make, store } = newWorld()
    const seen: unknown[] = []
    store.watch(Widget).on(batch => seen.push(batch))
    store.watch(Widget, { namespace: 'default', name: 'a' }).on(batch => seen.push(batch))
    await make('a')
    await env.settle()
    expect(seen).toHaveLength(2)
    expect(seen[0]).toBe(seen[1])
    expect(Object.isFrozen(seen[0])).toBe(true)
  })
})

describe('what changed', () => {
  test('an event has the object before, and a patch from it that all watchers share', async () => {
    const { env, make, resize, store } = newWorld()
    await make('a')
    const events: WatchEvent<unknown>[] = []
    store.watch(Widget).on(batch => events.push(...batch.events))
    store
      .watch(Widget, { labelSelector: '!app', shard: { of: 1, index: 0 } })
      .on(batch => events.push(...batch.events))
    await resize('a', 2)
    await env.settle()
    const [one, other] = events
    expect(one?.before).toMatchObject({ spec: { size: 1 } })
    expect(one?.patch).toEqual([
      { op: 'replace', path: '/metadata/resourceVersion', value: '2' },
      { op: 'replace', path: '/metadata/generation', value: 2 },
      { op: 'replace', path: '/spec/size', value: 2 },
    ])
    expect(other?.patch).toBe(one?.patch)
    expect(applyJsonPatch(one?.before, one?.patch ?? [])).toEqual(one?.object)
  })

  test('an object that comes or goes has no patch', async () => {
    const { env, make, store } = newWorld()
    const events: WatchEvent<unknown>[] = []
    store.watch(Widget).on(batch => events.push(...batch.events))
    await make('a')
    await store.delete(Widget, { namespace: 'default', name: 'a' })
    await env.settle()
    expect(events.map(event => event.patch)).toEqual([undefined, undefined])
    expect(events[1]?.before).toMatchObject({ metadata: { resourceVersion: '1' } })
  })
})

describe('how far a watch is', () => {
  test('its revision passes what does not match at once, and what matches when it is told', async () => {
    const { env, make, store } = newWorld()
    const watch = store.watch(Widget, { labelSelector: 'app=web' })
    await make('a')
    expect(watch.revision).toBe(1)
    await make('b', { app: 'web' })
    await make('c')
    expect(watch.revision).toBe(1)
    watch.on(() => {})
    await env.settle()
    expect(watch.revision).toBe(3)
  })

  test('it is 0 while initial events wait', async () => {
    const { env, make, store } = newWorld()
    await make('a')
    const watch = store.watch(Widget, { sendInitialEvents: true })
    expect(watch.revision).toBe(0)
    watch.on(() => {})
    await env.settle()
    expect(watch.revision).toBe(1)
  })

  test('bookmarks tell it within a minute of a revision, and never in a quiet store', async () => {
    const { env, make, collect } = newWorld()
    const { lines } = collect({ labelSelector: 'app=none', bookmarks: true })
    await env.advance(600_000)
    expect(lines).toEqual([])
    await make('a')
    await make('b')
    await env.advance(60_000)
    expect(lines).toEqual(['2: bookmark'])
    await env.advance(600_000)
    expect(lines).toEqual(['2: bookmark'])
    await make('c')
    await env.advance(60_000)
    expect(lines).toEqual(['2: bookmark', '3: bookmark'])
    await env.advance(60_000)
    expect(env.pending()).toEqual([])
  })

  test('a bookmark comes after the changes up to it, and is no news when they told as much', async () => {
    const { env, make, collect } = newWorld()
    const { lines } = collect({ bookmarks: true })
    await make('a')
    await env.advance(120_000)
    expect(lines).toEqual(['1: ADDED a@1'])
  })

  test('on request it is told in any case, after what is unread', async () => {
    const { env, make, collect } = newWorld()
    const { watch, lines } = collect()
    await make('a')
    watch.requestProgress()
    await env.settle()
    watch.requestProgress()
    await env.settle()
    expect(lines).toEqual(['1: ADDED a@1', '1: bookmark', '1: bookmark'])
    watch.close()
    watch.requestProgress()
    await env.settle()
    expect(lines).toHaveLength(3)
  })

  test('a watch that ended has no timer', async () => {
    const { env, make, collect } = newWorld()
    const { watch } = collect({ bookmarks: true })
    await make('a')
    watch.close()
    expect(env.pending()).toEqual([])
  })
})

describe('several kinds', () => {
  test('are told in the order in which they were written, a transaction as one batch', async () => {
    const { env, make, store } = newWorld()
    const batches: string[][] = []
    store.watch([Widget, Gadget]).on(batch => batches.push(batch.events.map(({ object }) => object.kind)))
    await make('a')
    await store.create(Gadget, { metadata: { name: 'g' }, spec: {} })
    await store.transact(tx => {
      tx.create(Gadget, { metadata: { name: 'h' }, spec: {} })
      tx.create(Widget, { metadata: { namespace: 'default', name: 'b' }, spec: {} })
      tx.create(Gadget, { metadata: { name: 'i' }, spec: {} })
    })
    await env.settle()
    expect(batches).toEqual([['Widget'], ['Gadget'], ['Gadget', 'Widget', 'Gadget']])
  })

  test('begin with what exists of all of them; a kind that is one of many is known by its type', async () => {
    const { env, make, store } = newWorld()
    await store.create(Gadget, { metadata: { name: 'g' }, spec: {} })
    await make('a')
    const batches: string[][] = []
    store
      .watch([Widget, Gadget], { sendInitialEvents: true })
      .on(({ events }) =>
        batches.push(events.map(({ object: { kind, metadata } }) => `${kind} ${metadata.name}`)),
      )
    await env.settle()
    expect(batches).toEqual([['Widget a', 'Gadget g']])
  })

  test('must be at least one', () => {
    const { store } = newWorld()
    expect(() => store.watch([])).toThrowError(expect.objectContaining({ code: 'Usage' }))
  })
})

describe('when a watch tells', () => {
  test('in a step of its env, never inside the write', async () => {
    const { env, make, collect } = newWorld()
    const { lines } = collect()
    await make('a')
    await make('b')
    expect(lines).toEqual([])
    expect(env.pending()).toMatchObject([
      { kind: 'step', about: { kind: 'deliver', label: 'deliver Widget' } },
    ])
    await env.settle()
    expect(lines).toEqual(['1: ADDED a@1', '2: ADDED b@2'])
  })

  test('a write inside a handler comes after the revision being told, for everyone in the same order', async () => {
    const { env, make, store, collect } = newWorld()
    const first: number[] = []
    store.watch(Widget).on(batch => {
      first.push(batch.revision)
      if (batch.revision === 1) void make('by-handler')
    })
    const second = collect()
    await make('a')
    await make('b')
    await env.settle()
    expect(first).toEqual([1, 2, 3])
    expect(second.lines).toEqual(['1: ADDED a@1', '2: ADDED b@2', '3: ADDED by-handler@3'])
  })

  test('nothing after close, also when closed by its own handler', async () => {
    const { env, make, store } = newWorld()
    const seen: number[] = []
    const watch = store.watch(Widget)
    watch.on(batch => {
      seen.push(batch.revision)
      watch.close()
    })
    const other = store.watch(Widget)
    const cancel = other.on(() => seen.push(-1))
    await make('a')
    await make('b')
    cancel()
    await env.settle()
    await make('c')
    await env.settle()
    expect(seen).toEqual([1])
  })

  test('a handler that throws is logged; it still gets the next revision, and so do the others', async () => {
    const { env, make, store, collect } = newWorld()
    const seen: number[] = []
    store.watch(Widget).on(batch => {
      seen.push(batch.revision)
      throw new Error('bad handler')
    })
    const good = collect()
    await make('a')
    await make('b')
    await env.settle()
    expect(seen).toEqual([1, 2])
    expect(good.lines).toHaveLength(2)
    expect(env.logs.filter(log => log.level === 'error')).toHaveLength(2)
  })

  test('an asynchronous handler that rejects is logged, of a batch, of the end, and of a list and watch', async () => {
    const { env, make, store } = newWorld()
    // As an asynchronous function, which a listener may be by its type.
    const reject = (): never => Promise.reject(new Error('bad handler')) as never
    store.watch(Widget).on(reject, reject)
    listAndWatch(store, [Widget]).on(({ events }) => (events.length === 0 ? undefined : reject()), reject)
    await make('a')
    await env.settle()
    await store.close()
    await env.settle()
    const messages = env.logs.filter(log => log.level === 'error').map(({ message }) => message)
    expect(messages.sort()).toEqual([
      'a watch listener threw at revision 1',
      'a watch listener threw at revision 1',
      'the end handler of a watch threw',
      'the end handler of a watch threw',
    ])
  })

  test('nothing once its env is closed', async () => {
    const { env, make, store } = newWorld()
    const world = env.fork('controller')
    const seen: number[] = []
    store
      .client(world)
      .watch(Widget)
      .on(batch => seen.push(batch.revision))
    await make('a')
    world.close()
    await make('b')
    await env.settle()
    expect(seen).toEqual([])
  })

  test('a store that closes ends its watches', async () => {
    const { store, collect } = newWorld()
    const { lines } = collect()
    const named = collect({ namespace: 'default', name: 'x' })
    const waiting = store.watch(Widget)[Symbol.asyncIterator]().next()
    await store.close()
    expect(lines).toEqual(['end'])
    expect(named.lines).toEqual(['end'])
    expect(await waiting).toEqual({ done: true, value: undefined })
  })
})

describe('for await', () => {
  test('reads whole revisions in order and closes the watch when left', async () => {
    const { env, make, store } = newWorld()
    const watch = store.watch(Widget)
    const revisions: number[] = []
    const reading = (async () => {
      for await (const batch of watch) {
        revisions.push(batch.revision)
        if (batch.revision === 2) break
      }
    })()
    await make('a')
    await make('b')
    await make('c')
    await env.settle()
    await reading
    expect(revisions).toEqual([1, 2])
    expect(() => watch[Symbol.asyncIterator]()).toThrowError(expect.objectContaining({ code: 'Usage' }))
  })

  test('several waiting calls of next are answered in order', async () => {
    const { env, make, store } = newWorld()
    const reader = store.watch(Widget)[Symbol.asyncIterator]()
    const waiting = [reader.next(), reader.next()]
    await make('a')
    await make('b')
    await env.settle()
    expect(
      (await Promise.all(waiting)).map(result => (result.value as WatchBatch<unknown>).revision),
    ).toEqual([1, 2])
  })

  test('an aborted signal fails the reader with its reason', async () => {
    const { store } = newWorld()
    const abort = new AbortController()
    const reading = store.watch(Widget, { signal: abort.signal })[Symbol.asyncIterator]().next()
    const refused = expect(reading).rejects.toThrow('enough')
    abort.abort(new Error('enough'))
    await refused
    expect(() => store.watch(Widget, { signal: abort.signal })).toThrow('enough')
  })

  test('a reader that falls off the log can resume where the log begins', async () => {
    const { env, make, store, collect } = newWorld(10)
    const slow = store.watch(Widget)[Symbol.asyncIterator]()
    await make('first')
    const first = slow.next()
    await env.settle()
    expect(show((await first).value as never)).toBe('1: ADDED first@1')
    for (let index = 0; index < 20; index++) await make(`n${index}`)
    const refused = expect(slow.next()).rejects.toMatchObject({
      code: 'SlowConsumer',
      lastResourceVersion: '1',
      oldestAvailable: 11,
    })
    await env.settle()
    await refused
    const { lines } = collect({ since: 11 })
    await env.settle()
    expect(lines).toHaveLength(10)
  })
})

describe('watchers of one scope', () => {
  test('one that has read everything takes nothing from one that has not', async () => {
    const { env, make, collect } = newWorld()
    const busy = collect()
    await make('a')
    const fresh = collect()
    await make('b')
    await env.settle()
    await make('c')
    await env.settle()
    expect(busy.lines).toEqual(['1: ADDED a@1', '2: ADDED b@2', '3: ADDED c@3'])
    expect(fresh.lines).toEqual(busy.lines.slice(1))
  })
})

describe('scopes', () => {
  test('a watch sees its kind, namespace and name only', async () => {
    const { env, store, collect } = newWorld()
    const everything = collect()
    const space = collect({ namespace: 'b' })
    const one = collect({ namespace: 'b', name: 'y' })
    const named = collect({ name: 'y' })
    await store.create(Gadget, { metadata: { name: 'y' }, spec: {} })
    for (const [namespace, name] of [
      ['a', 'y'],
      ['b', 'x'],
      ['b', 'y'],
    ] as const) {
      await store.create(Widget, { metadata: { namespace, name }, spec: {} })
    }
    await env.settle()
    expect(everything.lines).toEqual(['2: ADDED y@2', '3: ADDED x@3', '4: ADDED y@4'])
    expect(space.lines).toEqual(['3: ADDED x@3', '4: ADDED y@4'])
    expect(one.lines).toEqual(['4: ADDED y@4'])
    expect(named.lines).toEqual(['2: ADDED y@2', '4: ADDED y@4'])
  })

  test('shares are equal in size, and an object is in exactly one', async () => {
    const { env, make, collect } = newWorld(2_000)
    const shares = [0, 1, 2, 3].map(index => collect({ shard: { of: 4, index } }))
    for (let index = 0; index < 1_000; index++) await make(`n${index}`)
    await env.settle()
    expect(shares.flatMap(({ lines }) => lines)).toHaveLength(1_000)
    for (const { lines } of shares) expect(Math.abs(lines.length - 250)).toBeLessThan(60)
  })

  test('a share, a range of names or an owner counts beside a selector, in initial events as in changes', async () => {
    const { env, store, collect } = newWorld()
    const namesSeenBy = async (options: WatchOptions): Promise<readonly string[]> => {
      const { lines, watch } = collect({ labelSelector: 'app=web', sendInitialEvents: true, ...options })
      await env.settle()
      for (const name of all.slice(4))
        await store.modify(Widget, at(name), draft => void (draft.spec.size = 2))
      await env.settle()
      watch.close()
      return [...new Set(lines.join(' ').match(/n\d(?=@)/g))].sort()
    }
    const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name })
    const all = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7']
    const { metadata } = await store.create(Widget, { metadata: at('owner'), spec: { size: 1 } })
    const reference = { apiVersion: Widget.apiVersion, kind: 'Widget', name: 'owner', uid: metadata.uid }
    for (const [index, name] of all.entries()) {
      const ownerReferences = index % 2 === 0 ? [reference] : []
      await store.create(Widget, {
        metadata: { ...at(name), labels: { app: 'web' }, ownerReferences },
        spec: { size: 1 },
      })
    }
    const shares = [
      await namesSeenBy({ shard: { of: 2, index: 0 } }),
      await namesSeenBy({ shard: { of: 2, index: 1 } }),
    ]
    expect(shares.flat().sort()).toEqual(all)
    expect(await namesSeenBy({ names: { from: 'n3', to: 'n6' } })).toEqual(['n3', 'n4', 'n5'])
    expect(await namesSeenBy({ owner: metadata.uid })).toEqual(['n0', 'n2', 'n4', 'n6'])
  })

  test('a watch of a kind without namespaces', async () => {
    const { env, store } = newWorld()
    const lines: string[] = []
    store.watch(Gadget, { name: 'g' }).on(batch => lines.push(show(batch)))
    await store.create(Gadget, { metadata: { name: 'f' }, spec: {} })
    await store.create(Gadget, { metadata: { name: 'g' }, spec: {} })
    await env.settle()
    expect(lines).toEqual(['2: ADDED g@2'])
  })
})
