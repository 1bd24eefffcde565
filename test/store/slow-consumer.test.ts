import { describe, expect, test } from 'vitest'
import type { Client, Store, Watch, WatchBatch, WatchOptions } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

function newWorld(logCapacity = 1_000): {
  readonly env: VirtualEnv
  readonly store: Store
  readonly put: (name: string, size: number) => Promise<unknown>
} {
  const { env, store } = createWorld({ logCapacity })
  return { env, store, put: (name, size) => putInto(store, name, size) }
}

function putInto(client: Client, name: string, size: number): Promise<unknown> {
  const ref = { namespace: 'default', name }
  if (client.get(Widget, ref) === undefined) return client.create(Widget, { metadata: ref, spec: { size } })
  return client.modify(Widget, ref, draft => void (draft.spec.size = size))
}

/** A watch that is read by hand; nothing is read until asked. */
function paused(
  client: Client,
  options: WatchOptions,
): {
  readonly watch: Watch<unknown>
  readonly read: (env: VirtualEnv) => Promise<WatchBatch<unknown>>
} {
  const watch = client.watch(Widget, options)
  const reader = watch[Symbol.asyncIterator]()
  const read = async (env: VirtualEnv): Promise<WatchBatch<unknown>> => {
    const next = reader.next()
    void next.catch(() => {})
    await env.settle()
    return (await next).value as WatchBatch<unknown>
  }
  return { watch, read }
}

describe('close', () => {
  test('a watcher may be as far behind as its limit, and no further', async () => {
    const { env, store, put } = newWorld()
    const { read } = paused(store, { bufferLimit: 3 })
    for (const size of [1, 2, 3]) await put('a', size)
    expect(await read(env)).toMatchObject({ revision: 1 })
    for (const size of [4, 5]) await put('a', size)
    await expect(read(env)).rejects.toMatchObject({
      code: 'SlowConsumer',
      lastResourceVersion: '1',
      oldestAvailable: 0,
    })
    const again = paused(store, { since: 1 })
    expect(await again.read(env)).toMatchObject({ revision: 2 })
  })

  test('revisions that do not match count for nothing', async () => {
    const { env, store, put } = newWorld()
    const { read } = paused(store, { bufferLimit: 1, name: 'a' })
    for (let size = 0; size < 10; size++) await put('b', size)
    await put('a', 1)
    expect(await read(env)).toMatchObject({ revision: 11 })
  })

  test.each([0, 1.5, Number.NaN, -1])('a limit of %s is refused', bufferLimit => {
    const { store } = newWorld()
    expect(() => store.watch(Widget, { bufferLimit })).toThrowError(
      expect.objectContaining({ code: 'Usage' }),
    )
  })
})

describe('coalesce', () => {
  const options = { slowConsumer: 'coalesce', bufferLimit: 2 } as const

  test('what is beyond the limit comes as one batch with the net effect of each object', async () => {
    const { env, store, put } = newWorld()
    await put('old', 1)
    await put('gone', 1)
    const { read } = paused(store, options)
    await put('old', 2)
    await put('new', 1)
    await put('brief', 1)
    await store.delete(Widget, { namespace: 'default', name: 'brief' })
    await store.delete(Widget, { namespace: 'default', name: 'gone' })
    await put('old', 3)
    await put('new', 2)
    const batch = await read(env)
    expect(batch).toMatchObject({ since: 2, revision: 8 })
    expect(batch.events).toMatchObject([
      { type: 'MODIFIED', after: { spec: { size: 3 } }, before: { spec: { size: 1 } } },
      { type: 'ADDED', object: { metadata: { name: 'new' }, spec: { size: 1 } } },
      { type: 'DELETED', object: { metadata: { name: 'gone', resourceVersion: '7' } } },
    ])
    expect(await read(env)).toMatchObject({ revision: 9, events: [{ type: 'MODIFIED' }] })
  })

  test('changes that cancel each other are told as a bookmark that says from where; what was not seen is no gap', async () => {
    const { env, store, put } = newWorld()
    const { read } = paused(store, options)
    const { read: readOther } = paused(store, { ...options, fieldSelector: 'spec.node=n1' })
    for (let round = 0; round < 3; round++) {
      await put('brief', 1)
      await store.delete(Widget, { namespace: 'default', name: 'brief' })
    }
    await put('new', 1)
    await store.modify(Widget, { namespace: 'default', name: 'new' }, draft => void (draft.spec.node = 'n1'))
    expect(await read(env)).toEqual({ since: 0, revision: 6, events: [], bookmark: true })
    expect(await read(env)).toMatchObject({ revision: 7, events: [{ type: 'ADDED' }] })
    const seen = await readOther(env)
    expect([seen.revision, 'since' in seen]).toEqual([8, false])
  })

  test('it never loses its place, also when writes elsewhere push its revisions out of the log', async () => {
    const { env, store, put } = newWorld(4)
    const { read } = paused(store, { ...options, bufferLimit: 4 })
    await put('a', 1)
    for (let index = 0; index < 20; index++)
      await store.create(Gadget, { metadata: { name: `g${index}` }, spec: {} })
    await put('a', 2)
    expect(await read(env)).toMatchObject({ since: 0, events: [{ type: 'ADDED' }] })
    expect(await read(env)).toMatchObject({ revision: 22, events: [{ type: 'MODIFIED' }] })
  })

  test('also when everything was folded before, and when the log keeps one revision', async () => {
    for (const capacity of [1, 2, 4]) {
      const { env, store, put } = newWorld(capacity)
      const { read } = paused(store, options)
      for (let index = 0; index < 20; index++) {
        if (index % 7 === 0) await put('a', index)
        else await store.create(Gadget, { metadata: { name: `g${index}` }, spec: {} })
      }
      expect(await read(env)).toMatchObject({ events: [{ type: 'ADDED', object: { spec: { size: 14 } } }] })
    }
  })

  test('nor when it starts at the oldest revision there is', async () => {
    const { env, store, put } = newWorld(3)
    for (const size of [1, 2, 3, 4]) await put('a', size)
    const { read } = paused(store, { ...options, since: 1 })
    await put('a', 5)
    expect(await read(env)).toMatchObject({
      since: 1,
      revision: 4,
      events: [{ object: { spec: { size: 4 } } }],
    })
    expect(await read(env)).toMatchObject({ revision: 5 })
  })
})

describe('block', () => {
  const options = { slowConsumer: 'block', bufferLimit: 2 } as const

  /** Writes one after the other, as a loop with `await` does. */
  function writeLoop(client: Client, count: number): { done: number } {
    const progress = { done: 0 }
    void (async () => {
      for (let size = 1; size <= count; size++) {
        await putInto(client, 'a', size)
        progress.done = size
      }
    })()
    return progress
  }

  test('writes wait until the watcher has read; nothing is lost', async () => {
    const { env, store } = newWorld()
    const { read } = paused(store, options)
    const progress = writeLoop(store, 10)
    await env.settle()
    expect(progress.done).toBe(3)
    const revisions: number[] = []
    for (let index = 0; index < 10; index++) revisions.push((await read(env)).revision)
    expect(revisions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await env.settle()
    expect(progress.done).toBe(10)
  })

  test('writes elsewhere wait too before the log drops what is unread', async () => {
    const { env, store, put } = newWorld(4)
    const { read } = paused(store, options)
    await put('a', 1)
    let written = 0
    void (async () => {
      for (; written < 9; written++)
        await store.create(Gadget, { metadata: { name: `g${written}` }, spec: {} })
    })()
    await env.settle()
    expect(written).toBe(3)
    expect(await read(env)).toMatchObject({ revision: 1 })
    await env.settle()
    expect(written).toBe(9)
  })

  test('a watch from the oldest revision there is holds writes until it has read', async () => {
    const { env, store, put } = newWorld(3)
    for (const size of [1, 2, 3, 4]) await put('a', size)
    const { read } = paused(store, { ...options, since: 1 })
    const written = put('a', 5)
    await env.settle()
    expect(store.revision).toBe(4)
    for (const revision of [2, 3, 4]) expect(await read(env)).toMatchObject({ revision })
    await written
    expect(await read(env)).toMatchObject({ revision: 5 })
  })

  test('of writes that wait together as many go on as there is room for, in their order', async () => {
    const { env, store, put } = newWorld(4)
    const { read } = paused(store, options)
    for (const size of [1, 2, 3]) await put('a', size)
    const writes = [4, 5, 6, 7, 8].map(size => put('a', size))
    await env.settle()
    for (let size = 1; size <= 8; size++)
      expect((await read(env)).events[0]?.object).toMatchObject({ spec: { size } })
    await Promise.all(writes)
  })

  test('a client is not held back by its own watch, others are', async () => {
    const { env, store } = newWorld()
    const own = store.client(env.fork('consumer'))
    paused(own, options)
    const free = writeLoop(own, 5)
    await env.settle()
    expect(free.done).toBe(5)
    const held = writeLoop(store.client(env.fork('producer')), 6)
    await env.settle()
    expect(held.done).toBe(0)
  })

  test('after one second the watch ends and the writes go on', async () => {
    const { env, store } = newWorld()
    const { read } = paused(store, options)
    const ended: unknown[] = []
    const other = store.watch(Widget, options)
    other.on(
      () => {},
      error => ended.push(error),
    )
    const progress = writeLoop(store, 5)
    await env.settle()
    expect(progress.done).toBe(3)
    await env.advance(999)
    expect(progress.done).toBe(3)
    await env.advance(1)
    expect(progress.done).toBe(5)
    expect(ended).toEqual([])
    await expect(read(env)).rejects.toMatchObject({ code: 'SlowConsumer', lastResourceVersion: '0' })
  })

  test.each(['modify', 'transact'] as const)(
    'own writes keep their order when the watch is gone: %s',
    async way => {
      const { env, store, put } = newWorld()
      await put('a', 0)
      const { watch } = paused(store, { ...options, bufferLimit: 1 })
      await put('a', 1)
      await put('a', 2)
      const grant = store.lifetimes.grant({ ttlMs: 1_000 })
      const first = put('a', 3)
      watch.close()
      const second =
        way === 'modify'
          ? put('a', 4)
          : store.transact(tx =>
              tx.modify(Widget, { namespace: 'default', name: 'a' }, draft => void (draft.spec.size = 4)),
            )
      expect(store.list(Widget).items[0]?.spec.size).toBe(2)
      await env.settle()
      await Promise.all([grant, first, second])
      expect(store.list(Widget).items[0]?.spec.size).toBe(4)
      await put('a', 5)
      const direct = put('a', 6)
      expect(store.list(Widget).items[0]?.spec.size).toBe(6)
      await direct
    },
  )

  test('input is taken at the call', async () => {
    const { env, store, put } = newWorld()
    const { watch } = paused(store, { ...options, bufferLimit: 1 })
    await put('a', 1)
    await put('a', 2)
    const input = { metadata: { namespace: 'default', name: 'b' }, spec: { size: 1 } }
    const written = store.create(Widget, input)
    input.spec.size = 2
    expect(store.list(Widget).items).toHaveLength(1)
    watch.close()
    await env.settle()
    expect(await written).toMatchObject({ spec: { size: 1 } })
  })
})
