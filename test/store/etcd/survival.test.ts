import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEnv, isKeelsonError, silentLogger } from '../../../src/core/index.js'
import type { EtcdOptions, EtcdStore } from '../../../src/store/etcd/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import type { StoredObject, WatchBatch } from '../../../src/store/index.js'
import { listAndWatch } from '../../../src/store/index.js'
import { ref, Widget, widget } from '../../fixtures/kinds.js'
import { CutProxy } from './cut-proxy.js'
import { canRunEtcd, EtcdServer } from './etcd-server.js'
import { soon } from './soon.js'

const env = createEnv({ process: 'survival', logger: silentLogger })

describe.runIf(canRunEtcd)('a store in etcd survives', () => {
  let server: EtcdServer
  let proxy: CutProxy
  const stores: EtcdStore[] = []
  const open = async (endpoint: string, more: Partial<EtcdOptions> = {}): Promise<EtcdStore> => {
    const store = await connectStore({ kinds: [Widget], env, etcd: { endpoints: [endpoint], ...more } })
    stores.push(store)
    return store
  }
  beforeEach(async () => {
    server = await EtcdServer.start(['--quota-backend-bytes', String(4 << 20)])
    proxy = await CutProxy.start(server.endpoint)
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await proxy.close()
    await server.close()
  })

  /** Everything that a watch has told, and how it has ended. */
  function tapeOf(store: EtcdStore): { revisions: number[]; ends: unknown[] } {
    const tape = { revisions: [] as number[], ends: [] as unknown[] }
    store.watch(Widget).on(
      ({ revision }) => void tape.revisions.push(revision),
      error => void tape.ends.push(error),
    )
    return tape
  }

  async function write(store: EtcdStore, ...names: readonly string[]): Promise<number[]> {
    const revisions: number[] = []
    for (const name of names)
      revisions.push(Number((await store.create(Widget, widget(name))).metadata.resourceVersion))
    return revisions
  }

  test('a restart of etcd: reads go on, writes say that nothing was changed, then all goes on where it was', async () => {
    const store = await open(server.endpoint)
    const tape = tapeOf(store)
    const before = await write(store, 'a')
    await server.kill()
    await soon(() => !store.freshness.connected)
    expect(store.get(Widget, ref('a'))?.spec.size).toBe(1)
    await expect(store.create(Widget, widget('b'))).rejects.toMatchObject({
      code: 'Unavailable',
      details: { sent: false },
    })
    await server.run()
    await soon(() => store.freshness.connected)
    const after = await write(store, 'c')
    await soon(() => tape.revisions.length === 2)
    expect(tape).toEqual({ revisions: [...before, ...after], ends: [] })
    expect(store.freshness.skipped).toBe(0)
  })

  test('a wire that is cut again and again: each revision is told once, in order', async () => {
    const [store, other] = [await open(proxy.endpoint), await open(server.endpoint)]
    const tape = tapeOf(store)
    const written: number[] = []
    for (let round = 0; round < 5; round++) {
      written.push(...(await write(other, `x${round}`, `y${round}`)))
      proxy.cut()
      written.push(...(await write(other, `z${round}`)))
    }
    await soon(() => tape.revisions.length >= written.length)
    expect(tape).toEqual({ revisions: written, ends: [] })
  })

  test('a compaction under it: watchers end where they were, those that heal are told of the gap', async () => {
    const [store, other] = [await open(proxy.endpoint), await open(server.endpoint)]
    const [first = 0] = await write(store, 'a')
    const tape = tapeOf(store)
    const healed: WatchBatch<StoredObject>[] = []
    listAndWatch(store, Widget).on(batch => void healed.push(batch))
    await soon(() => healed.length === 1)
    proxy.isDown = true
    proxy.cut()
    await soon(() => !store.freshness.connected)
    await write(other, 'b', 'c', 'd')
    const gone = await other.delete(Widget, ref('a'))
    server.ctl('compact', gone.metadata.resourceVersion)
    proxy.isDown = false
    await soon(() => tape.ends.length === 1 && healed.length === 2)
    expect(tape.ends).toMatchObject([{ code: 'SlowConsumer', lastResourceVersion: String(first) }])
    expect(healed[1]).toMatchObject({ since: first })
    expect(healed[1]?.events.map(({ type, object }) => `${type} ${object.metadata.name}`).sort()).toEqual([
      'ADDED b',
      'ADDED c',
      'ADDED d',
      'DELETED a',
    ])
    expect(store.freshness).toMatchObject({ skipped: 1, connected: true })
    expect(store.list(Widget).items).toEqual(other.list(Widget).items)
  })

  test('not the loss of data: it ends, and says so to watchers, readers and writers', async () => {
    const store = await open(server.endpoint)
    await write(store, 'a', 'b')
    const tape = tapeOf(store)
    await server.kill()
    server.dropData()
    await server.run()
    await soon(() => tape.ends.length === 1)
    expect(tape.ends).toMatchObject([{ code: 'Corrupt' }])
    expect(() => store.list(Widget)).toThrow(
      /is not the data that this store has followed.*is gone.*restore/s,
    )
    await expect(store.create(Widget, widget('c'))).rejects.toMatchObject({ code: 'Corrupt' })
    // Whoever connects now has the new, empty one.
    expect((await open(server.endpoint)).list(Widget).items).toEqual([])
  })

  test('not another cluster in its place', async () => {
    const store = await open(server.endpoint)
    const tape = tapeOf(store)
    await server.kill()
    server.dropData()
    await server.run(['--initial-cluster-token', 'another'])
    await soon(() => tape.ends.length === 1)
    expect(String(tape.ends[0])).toMatch(/it is cluster [0-9a-f]+, and was [0-9a-f]+ before/)
  })

  test('a full etcd: writes are refused with the remedy, and succeed once that was done', async () => {
    const store = await open(server.endpoint)
    const large = { metadata: ref('large'), spec: { size: 1, node: 'x'.repeat(200_000) } }
    await store.create(Widget, large)
    const fill = async (): Promise<void> => {
      for (let size = 2; size < 100; size++)
        await store.modify(Widget, ref('large'), draft => void (draft.spec.size = size))
    }
    await expect(fill()).rejects.toMatchObject({
      code: 'StorageFailed',
      details: { errno: 'ENOSPC' },
      message: expect.stringContaining('etcdctl alarm disarm'),
    })
    const size = store.get(Widget, ref('large'))?.spec.size
    await store.sync().catch(error => expect(error).toMatchObject({ code: 'StorageFailed' }))
    expect(store.get(Widget, ref('large'))?.spec.size).toBe(size)
    server.ctl('compact', String(store.revision))
    server.ctl('defrag')
    server.ctl('alarm', 'disarm')
    await write(store, 'after')
  })

  test('an etcd that answers slowly: the error says that the write may have happened', async () => {
    const store = await open(server.endpoint, { timeoutMs: 300 })
    await write(store, 'a')
    await server.stop()
    const error: unknown = await store.create(Widget, widget('late')).catch((thrown: unknown) => thrown)
    expect(isKeelsonError(error, 'Unavailable') && error.details).toMatchObject({ sent: true })
    expect(store.get(Widget, ref('a'))).toBeDefined()
    server.goOn()
    // Read, then write again.
    await soon(async () =>
      store.sync().then(
        () => true,
        () => false,
      ),
    )
    if (store.get(Widget, ref('late')) === undefined) await write(store, 'late')
    expect(store.get(Widget, ref('late'))).toBeDefined()
  })
})
