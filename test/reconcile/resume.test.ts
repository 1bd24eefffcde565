import { describe, expect, test } from 'vitest'
import { createCache } from '../../src/reconcile/index.js'
import type { Client, WatchOptions } from '../../src/store/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { breakable } from './breakable-client.js'
import { grow } from './widget-world.js'

type Asked = Pick<WatchOptions, 'since' | 'sendInitialEvents'>

/** A cache over a store whose watch a test can break, and what each watch was asked for. */
async function open(options: { readonly logCapacity?: number } = {}) {
  const { env, store } = createWorld(options)
  const asked: Asked[] = []
  const recording: Client = new Proxy(store, {
    get: (_, member) => {
      const value: unknown = Reflect.get(store, member, store)
      if (member !== 'watch') return typeof value === 'function' ? value.bind(store) : value
      return (...[kinds, given]: Parameters<Client['watch']>) => {
        const { since, sendInitialEvents } = given ?? {}
        asked.push({
          ...(since === undefined ? {} : { since }),
          ...(sendInitialEvents === undefined ? {} : { sendInitialEvents }),
        })
        return store.watch(kinds, given)
      }
    },
  })
  const end = { now: new AbortController() }
  const cut = (): void => {
    const broken = end.now
    end.now = new AbortController()
    broken.abort(new Error('connection lost'))
  }
  for (const name of ['a', 'b']) await env.run(() => store.create(Widget, widget(name)))
  const cache = createCache({ kinds: [Widget] })
  await env.run(() => cache.start(breakable(recording, end)))
  const told: string[] = []
  cache.onChange(({ changes, since }) => {
    const names = changes.map(({ before, after }) => (after ?? before)?.metadata.name)
    told.push(`${names.join(' ')}${since === undefined ? '' : ` since ${since}`}`)
  })
  return { env, store, cache, asked, told, cut }
}

describe('a cache over a store', () => {
  test('lists once: a watch that breaks goes on where it was', async () => {
    const { env, store, cache, asked, told, cut } = await open()
    for (let round = 0; round < 3; round++) {
      cut()
      await env.run(() => store.modify(Widget, ref('a'), grow))
      await env.run(() => store.delete(Widget, ref('b')))
      await env.run(() => store.create(Widget, widget('b')))
      await env.advance(10_000)
    }
    expect(asked).toEqual([{ sendInitialEvents: true }, { since: 2 }, { since: 5 }, { since: 8 }])
    expect(told).toEqual(['a', 'b', 'b', 'a', 'b', 'b', 'a', 'b', 'b'])
    expect(cache.list(Widget)).toEqual(store.list(Widget))
    cache.stop()
    expect(env.pending()).toEqual([])
  })

  test('lists again, at once, when the log no longer has its place', async () => {
    const { env, store, cache, asked, told, cut } = await open()
    cut()
    await env.run(() => store.delete(Widget, ref('b')))
    await env.run(() => store.modify(Widget, ref('a'), grow))
    await store.compact(store.revision)
    await env.advance(100)
    expect(asked).toEqual([{ sendInitialEvents: true }, { since: 2 }, { sendInitialEvents: true }])
    expect(told).toEqual(['b a since 2'])
    expect(cache.list(Widget)).toEqual(store.list(Widget))
  })

  test('lists again, at once, when it has fallen behind', async () => {
    const { env, store, cache, asked, told } = await open({ logCapacity: 4 })
    await Promise.all(Array.from({ length: 6 }, () => store.modify(Widget, ref('a'), grow)))
    await env.settle()
    expect(asked).toEqual([{ sendInitialEvents: true }, { sendInitialEvents: true }])
    expect(told).toEqual(['a since 2'])
    expect(cache.list(Widget)).toEqual(store.list(Widget))
  })

  test('keeps the objects of the store, and no copy of them', async () => {
    const { env, store, cache, cut } = await open()
    const isSame = (): boolean =>
      ['a', 'b'].every(name => cache.get(Widget, ref(name)) === store.get(Widget, ref(name)))
    expect(isSame()).toBe(true)
    cut()
    await env.run(() => store.modify(Widget, ref('a'), grow))
    await env.advance(100)
    expect(isSame()).toBe(true)
  })
})
