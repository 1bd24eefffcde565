import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  Client,
  Kind,
  Store,
  StoredObject,
  Watch,
  WatchBatch,
  WatchOptions,
} from '../../src/store/index.js'
import { listAndWatch } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { Gadget, kindOf, ref, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

type Batch = WatchBatch<{ readonly metadata: { readonly name: string } }>

function newWorld(logCapacity: number): { readonly env: VirtualEnv; readonly store: Store } {
  return createWorld({ logCapacity })
}

const make = (store: Store, name: string, size = 1): Promise<unknown> =>
  store.create(Widget, { metadata: ref(name), spec: { size } })
const resize = (store: Store, name: string, size: number): Promise<unknown> =>
  store.modify(Widget, ref(name), draft => void (draft.spec.size = size))

function shown({ revision, since, events, initialEventsEnd }: Batch): string {
  const from = initialEventsEnd === true ? 'list' : since === undefined ? '' : `since ${since}`
  return [`${revision}:`, from, ...events.map(({ type, object }) => `${type} ${object.metadata.name}`)]
    .filter(part => part !== '')
    .join(' ')
}

describe('listAndWatch', () => {
  test('begins with what exists, then tells each revision', async () => {
    const { env, store } = newWorld(100)
    await make(store, 'a')
    const lines: string[] = []
    const watch = listAndWatch(store, Widget)
    watch.on(batch => lines.push(shown(batch)))
    await make(store, 'b')
    await env.settle()
    expect(lines).toEqual(['1: list ADDED a', '2: ADDED b'])
    await resize(store, 'a', 2)
    await env.settle()
    expect(lines.slice(2)).toEqual(['3: MODIFIED a'])
    expect(watch.revision).toBe(3)
  })

  test.each(['on', 'for await'] as const)('tells what a gap hid as one difference (%s)', async face => {
    const { env, store } = newWorld(4)
    for (const name of ['same', 'changed', 'gone', 'reborn']) await make(store, name)
    const batches: Batch[] = []
    const watch = listAndWatch(store, [Widget, Gadget])
    void read(watch, face, batch => batches.push(batch))
    await env.settle()
    await store.delete(Widget, ref('gone'))
    await store.delete(Widget, ref('reborn'))
    await make(store, 'reborn', 3)
    await make(store, 'brief')
    await store.delete(Widget, ref('brief'))
    await resize(store, 'changed', 2)
    await make(store, 'new')
    expect(watch.revision).toBe(4)
    await env.settle()
    expect(batches.map(shown)).toEqual([
      '4: list ADDED changed ADDED gone ADDED reborn ADDED same',
      '11: since 4 DELETED gone MODIFIED changed ADDED new DELETED reborn ADDED reborn',
    ])
    expect(batches[1]?.events[1]).toMatchObject({
      before: { spec: { size: 1 } },
      after: { spec: { size: 2 } },
    })
    expect(watch.revision).toBe(11)
    await make(store, 'later')
    await env.settle()
    expect(batches.map(shown).slice(2)).toEqual(['12: ADDED later'])
    watch.close()
    await make(store, 'late')
    await env.settle()
    expect(batches).toHaveLength(3)
  })

  test('says that there was a gap where nothing differs after it', async () => {
    const { env, store } = newWorld(4)
    const batches: Batch[] = []
    const watch = listAndWatch(store, Widget)
    watch.on(batch => batches.push(batch))
    await env.settle()
    for (const name of ['x', 'y', 'z']) {
      await make(store, name)
      await store.delete(Widget, ref(name))
    }
    await env.settle()
    expect(batches.slice(1)).toEqual([{ revision: 6, since: 0, events: [], bookmark: true }])
  })

  test('knows two kinds of one name apart', async () => {
    const kinds = ['one.example/v1', 'two.example/v1'].map(apiVersion =>
      kindOf<object>('Thing', { apiVersion, namespaced: false }),
    )
    const [First, Second] = kinds as [Kind<object>, Kind<object>]
    const { env, store } = createWorld({ kinds, logCapacity: 2 })
    for (const kind of kinds) await store.create(kind, { metadata: { name: 'x' }, spec: {} })
    const reader = listAndWatch(store, kinds)[Symbol.asyncIterator]()
    const lines = async (): Promise<readonly string[]> => {
      const next = reader.next()
      await env.settle()
      const { value } = (await next) as { value: WatchBatch<StoredObject> }
      return value.events.map(({ type, object }) => `${type} ${object.apiVersion} ${object.metadata.name}`)
    }
    expect(await lines()).toEqual(['ADDED one.example/v1 x', 'ADDED two.example/v1 x'])
    await store.delete(First, { name: 'x' })
    for (const name of ['p', 'q', 'r']) await store.create(Second, { metadata: { name }, spec: {} })
    const added = ['p', 'q', 'r'].map(name => `ADDED two.example/v1 ${name}`)
    expect(await lines()).toEqual(['DELETED one.example/v1 x', ...added])
  })

  test('has one consumer', () => {
    const { store } = newWorld(4)
    const watch = listAndWatch(store, Widget)
    watch.on(() => {})
    expect(() => watch[Symbol.asyncIterator]()).toThrowError(expect.objectContaining({ code: 'Usage' }))
  })

  test('a reader that leaves closes it', async () => {
    const { env, store } = newWorld(100)
    const watch = listAndWatch(store, Widget)
    const reading = (async () => {
      for await (const { initialEventsEnd } of watch) if (initialEventsEnd === true) break
    })()
    await env.settle()
    await reading
    await make(store, 'a')
    expect(env.pending()).toEqual([])
  })

  test.each(['on', 'for await'] as const)('ends with the store, and with its signal (%s)', async face => {
    const { env, store } = newWorld(100)
    const abort = new AbortController()
    const ends = [
      read(listAndWatch(store, Widget, { signal: abort.signal }), face, () => {}),
      read(listAndWatch(store, Widget), face, () => {}),
    ]
    await env.settle()
    abort.abort(new Error('enough'))
    await store.close()
    expect(await Promise.all(ends)).toEqual([new Error('enough'), undefined])
  })

  test('a watch that breaks in another way is opened again, later and later', async () => {
    const { env, store } = newWorld(100)
    const connection = new AbortController()
    let opened = 0
    const watch = (kinds: readonly Kind[], options: WatchOptions): Watch<StoredObject> => {
      opened++
      if (opened > 1 && opened < 5) throw new Error('no connection')
      return store.watch(kinds, opened === 1 ? { ...options, signal: connection.signal } : options)
    }
    const flaky = Object.create(store, { watch: { value: watch } }) as Client
    const lines: string[] = []
    listAndWatch(flaky, Widget).on(batch => lines.push(shown(batch)))
    await env.settle()
    connection.abort(new Error('connection lost'))
    await make(store, 'a')
    await env.settle()
    expect(opened).toBe(1)
    await env.advance(100)
    expect(opened).toBe(2)
    await env.advance(1_400)
    expect(lines).toEqual(['0: list', '1: since 0 ADDED a'])
    expect(opened).toBe(5)
  })
})

const step: fc.Arbitrary<{ readonly verb: 'put' | 'delete' | 'settle'; readonly name: string }> = fc.record({
  verb: fc.constantFrom('put', 'put', 'put', 'delete', 'settle'),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
})

test('whoever applies what is told has what the store has, whatever was missed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, capacity) => {
        const { env, store } = newWorld(capacity)
        const replica = new Map<string, StoredObject>()
        let revision = -1
        const watch = listAndWatch(store, Widget)
        watch.on(({ events, ...batch }) => {
          expect(batch.revision).toBeGreaterThan(revision)
          if (batch.since !== undefined) expect(batch.since).toBeGreaterThanOrEqual(revision)
          revision = batch.revision
          for (const { type, object, before } of events) {
            const { name } = object.metadata
            expect(before).toBe(replica.get(name))
            if (type === 'DELETED') replica.delete(name)
            else replica.set(name, object)
          }
        })
        for (const { verb, name } of steps) {
          const stored = store.get(Widget, ref(name))
          if (verb === 'settle') {
            await env.settle()
            expect([...replica.values()].sort(byName)).toEqual(store.list(Widget).items)
            expect(watch.revision).toBe(store.revision)
          } else if (verb === 'delete') {
            if (stored !== undefined) await store.delete(Widget, ref(name))
          } else if (stored === undefined) await make(store, name)
          else await resize(store, name, (stored.spec.size ?? 0) + 1)
        }
      },
    ),
  )
})

function byName(a: StoredObject, b: StoredObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1
}

/** Resolves with the error at the end, or with undefined. */
function read<T>(
  watch: Watch<T>,
  face: 'on' | 'for await',
  each: (batch: WatchBatch<T>) => void,
): Promise<unknown> {
  if (face === 'on') return new Promise(resolve => watch.on(each, resolve))
  return (async () => {
    try {
      for await (const batch of watch) each(batch)
      return undefined
    } catch (error) {
      return error
    }
  })()
}
