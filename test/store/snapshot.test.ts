import { describe, expect, test } from 'vitest'
import { storeOn } from '../../src/store/client/engine-client.js'
import { Engine } from '../../src/store/engine/engine.js'
import type { Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'

describe('a snapshot', () => {
  test('answers from its revision while writes go on', async () => {
    const store = createStore({ kinds: [Widget] })
    await store.create(Widget, { metadata: at('a'), spec: { size: 1, node: 'n1' } })
    const snapshot = store.snapshot()
    await store.modify(Widget, at('a'), draft => void (draft.spec.node = 'n2'))
    await store.create(Widget, { metadata: at('b'), spec: { node: 'n1' } })
    await store.delete(Widget, at('a'))
    const names = (reader: Pick<typeof store, 'list'>, options = {}): string[] =>
      reader.list(Widget, options).items.map(item => item.metadata.name)
    const n1 = { index: { name: 'node', value: 'n1' } }
    expect(snapshot.get(Widget, at('a'))?.spec).toEqual({ size: 1, node: 'n1' })
    expect(snapshot.list(Widget).revision).toBe(1)
    expect([names(snapshot), names(snapshot, n1), names(store), names(store, n1)]).toEqual([
      ['a'],
      ['a'],
      ['b'],
      ['b'],
    ])
  })

  test('is closed once, by close or by using, and refuses reads then', () => {
    const store = createStore({ kinds: [Widget] })
    const snapshot = store.snapshot()
    snapshot[Symbol.dispose]()
    snapshot.close()
    expect(() => snapshot.get(Widget, at('a'))).toThrowError(expect.objectContaining({ code: 'Closed' }))
  })

  test('that is never closed is given up after twice the log, so that memory stays bounded', async () => {
    const store = createStore({ kinds: [Widget], logCapacity: 10 })
    await store.create(Widget, { metadata: at('a'), spec: { size: 0 } })
    const leaked = store.snapshot()
    const grow = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        await store.modify(Widget, at('a'), draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
      }
    }
    await grow(19)
    expect(leaked.get(Widget, at('a'))?.spec.size).toBe(0)
    await grow(5)
    expect(() => leaked.get(Widget, at('a'))).toThrowError(expect.objectContaining({ code: 'Expired' }))
    const fresh = store.snapshot()
    expect(fresh.get(Widget, at('a'))?.spec.size).toBe(24)
  })
})

describe('a label or index value that came and went twice', () => {
  test('is found by a snapshot of its second time, also after the first time was dropped', async () => {
    const store = createStore({ kinds: [Widget], logCapacity: 3 })
    const put = (value: string): Promise<unknown> =>
      store.modify(Widget, at('a'), draft => {
        draft.metadata.labels = { app: value }
        draft.spec.node = value
      })
    // Many others, so that the postings are used and not the order.
    for (let index = 0; index < 20; index++) {
      await store.create(Widget, { metadata: at(`other-${index}`), spec: {} })
    }
    await store.create(Widget, { metadata: at('a'), spec: {} })
    for (const value of ['x', 'y', 'x']) await put(value)
    const snapshot = store.snapshot()
    for (const value of ['y', 'z']) await put(value)
    const found = (options: object): string[] =>
      snapshot.list(Widget, options).items.map(item => item.metadata.name)
    expect(found({ labelSelector: 'app=x' })).toEqual(['a'])
    expect(found({ index: { name: 'node', value: 'x' } })).toEqual(['a'])
    expect(found({ labelSelector: 'app=y' })).toEqual([])
    snapshot.close()
  })
})

describe('what nobody can ask for is let go', () => {
  const newEngine = (): { engine: Engine; store: Store } => {
    const env = createVirtualEnv()
    const engine = new Engine({ kinds: [Widget, Gadget], env, logCapacity: 8 })
    return { engine, store: storeOn(engine) }
  }

  test('keys, namespaces, postings and versions of deleted objects', async () => {
    const { engine, store } = newEngine()
    for (let index = 0; index < 50; index++) {
      const ref = { namespace: `space-${index}`, name: `n${index}` }
      await store.create(Widget, {
        metadata: { ...ref, labels: { app: `app-${index}` } },
        spec: { node: `node-${index}` },
      })
      await store.delete(Widget, ref)
    }
    for (let index = 0; index < 8; index++)
      await store.create(Gadget, { metadata: { name: `g${index}` }, spec: {} })
    const table = engine.table(Widget)
    expect(table.order.size).toBe(0)
    expect(table.labels.size).toBe(0)
    expect(table.indexes.size).toBe(0)
  })

  test('old versions of a living object, unless a snapshot needs them', async () => {
    const { engine, store } = newEngine()
    const ref = at('a')
    await store.create(Widget, { metadata: ref, spec: { size: 0 } })
    const chain = (): number => {
      let count = 0
      for (
        let version = engine.table(Widget).find('default', 'a')?.head;
        version !== undefined;
        version = version.previous
      )
        count++
      return count
    }
    const grow = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        await store.modify(Widget, ref, draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
      }
    }
    await grow(30)
    expect(chain()).toBe(9)
    const snapshot = store.snapshot()
    await grow(12)
    expect(chain()).toBe(13)
    snapshot.close()
    expect(chain()).toBe(9)
    expect(engine.history.waitingCount).toBe(0)
  })

  test('watchers of a closed env leave the registry at the next write that concerns them', async () => {
    const { engine, store } = newEngine()
    const env = createVirtualEnv()
    store
      .client(env)
      .watch(Widget)
      .on(() => {})
    const scope = { by: 'all', key: '', namespace: undefined } as const
    const { watchers } = engine.table(Widget)
    const channel = watchers.open(scope)
    expect(channel.empty).toBe(false)
    env.close()
    await store.create(Widget, { metadata: at('a'), spec: {} })
    expect(channel.empty).toBe(true)
  })
})
