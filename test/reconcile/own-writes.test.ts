import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OwnWritesPolicy } from '../../src/reconcile/attempt/attempt-view.js'
import { createCacheViews } from '../../src/reconcile/attempt/attempt-view.js'
import { createCache, createController } from '../../src/reconcile/index.js'
import type { StoredObject } from '../../src/store/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { grow } from './widget-world.js'

async function startViews(policy: OwnWritesPolicy) {
  const { env, store } = createWorld()
  const cache = createCache({ kinds: [Widget] })
  await env.run(() => cache.start(store))
  const views = createCacheViews(cache, store, policy)
  return { env, store, cache, views, view: views.open(ref('key')) }
}

describe('the overlay', () => {
  const step = fc.tuple(
    fc.constantFrom('own create', 'own modify', 'own delete', 'modify', 'delete', 'create', 'tell'),
    fc.constantFrom('a', 'b', 'c'),
  )

  test('shows own writes until the cache has reached them, and then the cache', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
        const { env, store, cache, view } = await startViews('overlay')
        const own = new Map<string, { revision: number; object: StoredObject | undefined }>()
        for (const [what, name] of steps) {
          const isOwn = what.startsWith('own ')
          const before = store.revision
          const write =
            what === 'tell'
              ? env.settle()
              : what.endsWith('create')
                ? store.create(Widget, widget(name))
                : what.endsWith('modify')
                  ? store.modify(Widget, ref(name), grow)
                  : store.delete(Widget, ref(name))
          const about = { kind: Widget, ref: ref(name), isDeletion: what.endsWith('delete') }
          await (isOwn ? view.follow(write as Promise<unknown>, about) : write).catch(() => {})
          if (isOwn && store.revision > before)
            own.set(name, { revision: store.revision, object: store.get(Widget, ref(name)) })
          const expected = ['a', 'b', 'c'].flatMap(one => {
            const wrote = own.get(one)
            const isNewer = wrote !== undefined && wrote.revision > cache.revision
            return (isNewer ? wrote.object : cache.get(Widget, ref(one))) ?? []
          })
          expect(view.reader.list(Widget).items).toEqual(expected)
          expect(view.reader.count(Widget)).toBe(expected.length)
          for (const object of expected)
            expect(view.reader.get(Widget, { ...ref(object.metadata.name) })).toEqual(object)
        }
        await env.settle()
        expect(view.reader.list(Widget)).toEqual(store.list(Widget))
      }),
      { numRuns: 150 },
    )
  })

  test('lists only what the conditions ask for', async () => {
    const { store, view } = await startViews('overlay')
    const labelled = { ...widget('a'), metadata: { ...ref('a'), labels: { tier: 'web' } } }
    await view.follow(store.create(Widget, labelled), { kind: Widget })
    const names = (labelSelector: string) => view.reader.list(Widget, { labelSelector }).items.length
    expect([names('tier=web'), names('tier=db')]).toEqual([1, 0])
  })

  test('after a transaction the store is read until the cache is there', async () => {
    const { env, store, cache, view } = await startViews('overlay')
    await view.follow(
      store.transact(tx => void tx.create(Widget, widget('a'))),
      {},
    )
    expect([cache.list(Widget).items.length, view.reader.list(Widget).items.length]).toEqual([0, 1])
    await env.settle()
    expect(view.reader.get(Widget, ref('a'))).toBe(cache.get(Widget, ref('a')))
  })

  test('a write that may have happened is looked up in the store; one that was refused is not', async () => {
    const { store, view } = await startViews('overlay')
    await store.create(Widget, widget('a'))
    const lost = (error: unknown) =>
      view.follow(Promise.reject(error), { kind: Widget, ref: ref('a') }).catch(() => {})
    await lost(await store.create(Widget, widget('a')).catch(error => error))
    expect(view.reader.get(Widget, ref('a'))).toBeUndefined()
    await lost(new Error('the answer was lost'))
    expect(view.reader.get(Widget, ref('a'))?.metadata.name).toBe('a')
  })

  test('kinds that the cache does not hold are read from the store', async () => {
    const { store, view } = await startViews('overlay')
    await store.create(Part, { metadata: ref('p'), spec: {} })
    expect(view.reader.get(Part, ref('p'))).toBe(store.get(Part, ref('p')))
  })
})

test('the gate holds a key until the cache shows what it wrote, and no other key', async () => {
  const { env, store, views, view } = await startViews('gate')
  await view.follow(store.create(Widget, widget('a')), { kind: Widget })
  expect([views.isReady(ref('key')), views.isReady(ref('other'))]).toEqual([false, true])
  await env.settle()
  expect(views.isReady(ref('key'))).toBe(true)
})

test('wait ends a write when the cache shows it', async () => {
  const { env, store, cache, view } = await startViews('wait')
  let seen: unknown
  const writing = view.follow(store.create(Widget, widget('a')), { kind: Widget }).then(() => {
    seen = cache.get(Widget, ref('a'))?.metadata.name
  })
  expect(cache.get(Widget, ref('a'))).toBeUndefined()
  await env.settle()
  await writing
  expect(seen).toBe('a')
})

describe.each<OwnWritesPolicy>(['overlay', 'gate', 'wait'])(
  'a controller that reads its cache: %s',
  ownWrites => {
    test('never makes a child twice, and settles', async () => {
      const { env, store, start } = createWorld()
      for (const name of ['a', 'b']) await store.create(Widget, widget(name, { size: 3 }))
      let refused = 0
      const manager = await start(
        createController({
          name: 'c',
          for: Widget,
          owns: [Part],
          reads: 'cache',
          ownWrites,
          concurrency: 2,
          reconcile: async (_key, found, { client }) => {
            if (found === undefined) return
            const parts = client.list(Part).items.filter(part => part.spec.of === found.metadata.name)
            for (let n = parts.length; n < (found.spec.size ?? 0); n++) {
              const metadata = { namespace: 'default', generateName: 'p-' }
              await client
                .create(Part, { metadata, spec: { of: found.metadata.name } })
                .catch(() => refused++)
            }
            await client.updateStatus(Widget, { ...found, status: { size: found.spec.size ?? 0 } })
          },
        }),
      )
      await env.run(() => manager.settled())
      expect([store.list(Part).items.length, refused]).toEqual([6, 0])
      for (const size of [4, 5]) {
        await env.run(() => store.modify(Widget, ref('a'), draft => void (draft.spec.size = size)))
        await env.run(() => manager.settled())
      }
      expect(store.list(Part).items.length).toBe(8)
      await env.run(() => manager.stop())
    })
  },
)
