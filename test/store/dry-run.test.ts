import { describe, expect, test } from 'vitest'
import { storeOn } from '../../src/store/client/engine-client.js'
import { Engine } from '../../src/store/engine/engine.js'
import type { Store } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

async function storeWithA(): Promise<Store> {
  const { store } = createWorld()
  await store.create(Widget, { metadata: { ...at('a'), labels: { app: 'web' } }, spec: { size: 1 } })
  return store
}

describe('a dry run', () => {
  const dry = { dryRun: true } as const
  const writes: readonly [string, (store: Store) => Promise<unknown>, object][] = [
    ['create', s => s.create(Widget, { metadata: at('b'), spec: { size: 2 } }, dry), { spec: { size: 2 } }],
    [
      'update',
      s => s.update(Widget, { ...s.get(Widget, at('a'))!, spec: { size: 5 } }, dry),
      { spec: { size: 5 }, metadata: { generation: 2, resourceVersion: '2' } },
    ],
    [
      'updateStatus',
      s => s.updateStatus(Widget, { ...s.get(Widget, at('a'))!, status: { ready: 1 } }, dry),
      { status: { ready: 1 } },
    ],
    [
      'modify',
      s => s.modify(Widget, at('a'), draft => void (draft.spec.size = 7), dry),
      { spec: { size: 7 } },
    ],
    [
      'modifyStatus',
      s => s.modifyStatus(Widget, at('a'), draft => void (draft.status = { ready: 3 }), dry),
      { status: { ready: 3 } },
    ],
    [
      'delete',
      s => s.delete(Widget, at('a'), dry),
      { spec: { size: 1 }, metadata: { resourceVersion: '2' } },
    ],
  ]
  test.each(writes)('of %s answers as the write would and changes nothing', async (_name, write, answer) => {
    const store = await storeWithA()
    const before = store.list(Widget).items
    expect(await write(store)).toMatchObject(answer)
    expect(store.revision).toBe(1)
    expect(store.list(Widget).items).toEqual(before)
    expect(store.list(Widget, { labelSelector: 'app=web' }).items).toEqual(before)
  })

  test('is refused for the same reasons', async () => {
    const store = await storeWithA()
    const taken = store.create(Widget, { metadata: at('a'), spec: {} }, dry)
    await expect(taken).rejects.toMatchObject({ code: 'AlreadyExists' })
    await expect(store.delete(Widget, at('b'), dry)).rejects.toMatchObject({ code: 'NotFound' })
  })

  test('of a transaction tells its result and the batch that watchers would get', async () => {
    const store = await storeWithA()
    const body = (tx: Parameters<Parameters<Store['transact']>[0]>[0]): string => {
      tx.create(Gadget, { metadata: { name: 'g' }, spec: {} })
      tx.delete(Widget, at('a'))
      tx.create(Widget, { metadata: at('t'), spec: {} })
      tx.delete(Widget, at('t'))
      return 'done'
    }
    const { result, batch } = await store.transact(body, dry)
    expect(result).toBe('done')
    expect(batch?.revision).toBe(2)
    expect(batch?.events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['ADDED', 'g'],
      ['DELETED', 'a'],
    ])
    expect([store.revision, store.list(Gadget).items]).toEqual([1, []])
    expect(await store.transact(tx => tx.list(Widget).items.length, dry)).toEqual({
      result: 1,
      batch: undefined,
    })
  })
})

describe('the cause of a write', () => {
  test('stays in the log, beside the revision', async () => {
    const env = createVirtualEnv()
    const engine = new Engine({ kinds: [Widget], env, logCapacity: 8 })
    const store = storeOn(engine)
    const cause = { actor: 'scaler', reason: 'load', traceId: 't-1' }
    await store.transact(tx => void tx.create(Widget, { metadata: at('a'), spec: {} }), cause)
    await store.modify(Widget, at('a'), draft => void (draft.spec.size = 2), { actor: 'ann' })
    await store.delete(Widget, at('a'))
    expect([1, 2, 3].map(revision => engine.log.get(revision)?.cause)).toEqual([
      cause,
      { actor: 'ann' },
      undefined,
    ])
  })

  test('is text', async () => {
    const store = await storeWithA()
    const write = store.delete(Widget, at('a'), { actor: 7 as never })
    await expect(write).rejects.toMatchObject({ code: 'Usage' })
    expect(store.revision).toBe(1)
  })
})
