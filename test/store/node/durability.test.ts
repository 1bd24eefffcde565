import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/index.js'
import { createStore } from '../../../src/store/index.js'
import type { OpenStoreOptions } from '../../../src/store/node/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { FaultyDisk } from './faulty-disk.js'

const Widget = kindOf('Widget')
const input = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { namespace: 'n', name, labels },
  spec: {},
})

/** A disk whose syncs wait until `release` is called. */
function slowDisk(): { readonly disk: FaultyDisk; hold(): () => void } {
  const disk = new FaultyDisk()
  return {
    disk,
    hold() {
      let release = (): void => {}
      disk.held = new Promise(resolve => {
        release = resolve
      })
      return () => {
        disk.held = undefined
        release()
      }
    },
  }
}

const open = (disk: FaultyDisk, options: Partial<OpenStoreOptions> = {}) =>
  openStoreOn(disk, { kinds: [Widget], ...options })

function tell(store: Store, options: Parameters<Store['watch']>[1]): number[] {
  const told: number[] = []
  store.watch(Widget, options).on(({ revision }) => void told.push(revision))
  return told
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
}

describe('a write', () => {
  test('is seen at once, and acknowledged when it is on the disk', async () => {
    const { disk, hold } = slowDisk()
    const store = await open(disk)
    await store.create(Widget, input('first'))
    const release = hold()
    let acknowledged = false
    const writing = store.create(Widget, input('a')).then(() => {
      acknowledged = true
    })
    expect(store.get(Widget, { namespace: 'n', name: 'a' })).toBeDefined()
    await turns()
    expect(acknowledged).toBe(false)
    release()
    await writing
    await store.close()
  })

  test('that changes nothing still waits for what it has seen', async () => {
    const { disk, hold } = slowDisk()
    const store = await open(disk)
    await store.create(Widget, input('a'))
    const release = hold()
    const changing = store.modify(
      Widget,
      { namespace: 'n', name: 'a' },
      draft => void (draft.spec = { b: 1 }),
    )
    let acknowledged = false
    const same = store
      .modify(Widget, { namespace: 'n', name: 'a' }, draft => void (draft.spec = { b: 1 }))
      .then(() => {
        acknowledged = true
      })
    await turns()
    expect(acknowledged).toBe(false)
    release()
    await Promise.all([changing, same])
    await store.close()
  })

  test('that is refused is told so when what it was refused for is on the disk', async () => {
    const { disk, hold } = slowDisk()
    const store = await open(disk)
    await store.create(Widget, input('first'))
    const release = hold()
    const told: string[] = []
    const ref = { namespace: 'n', name: 'a' }
    const creating = store.create(Widget, input('a'))
    const refused = [
      store.create(Widget, input('a')).catch(() => void told.push('inside the call')),
      store
        .client(store.env)
        .create(Widget, input('a'))
        .catch(() => void told.push('in a step')),
      store
        .transact(tx => tx.modify(Widget, { ...ref, name: 'none' }, () => {}))
        .catch(() => void told.push('in a transaction')),
    ]
    await turns()
    expect(told).toEqual([])
    release()
    await Promise.all([creating, ...refused])
    expect(told.toSorted()).toEqual(['in a step', 'in a transaction', 'inside the call'])
    await store.close()
  })

  test('of many at once shares a sync', async () => {
    const store = await open(new FaultyDisk())
    await store.create(Widget, input('first'))
    const disk = new FaultyDisk()
    const counted = await open(disk)
    await counted.create(Widget, input('first'))
    const before = disk.operations
    await Promise.all(Array.from({ length: 100 }, (_, index) => counted.create(Widget, input(`w${index}`))))
    expect(disk.operations - before).toBeLessThanOrEqual(4)
    await Promise.all([store.close(), counted.close()])
  })

  test.each(['interval', 'never'] as const)(
    'with fsync %s waits for no disk; durable() does',
    async fsync => {
      const env = createVirtualEnv()
      const { disk, hold } = slowDisk()
      const store = await open(disk, { env, fsync, fsyncIntervalMs: 50 })
      await store.create(Widget, input('first'))
      await store.durable()
      const release = hold()
      await store.create(Widget, input('a'))
      let isDurable = false
      const durable = store.durable().then(() => {
        isDurable = true
      })
      await turns()
      expect(isDurable).toBe(false)
      release()
      await durable
      await store.close()
    },
  )

  test('with fsync interval is on the disk after the interval', async () => {
    const env = createVirtualEnv()
    const disk = new FaultyDisk()
    const store = await open(disk, { env, fsync: 'interval', fsyncIntervalMs: 50 })
    await store.create(Widget, input('a'))
    const told = tell(store, { since: 0, visibility: 'durable' })
    await env.advance(49)
    await turns()
    await env.settle()
    expect(told).toEqual([])
    await env.advance(1)
    await turns()
    await env.settle()
    expect(told).toEqual([1])
    await store.close()
  })
})

describe('a durable watch', () => {
  test('is told of a revision when it is on the disk, in order, and of nothing before', async () => {
    const { disk, hold } = slowDisk()
    const store = await open(disk)
    await store.create(Widget, input('a'))
    const committed = tell(store, { since: 0 })
    const durable = tell(store, { since: 0, visibility: 'durable' })
    const fromNow = tell(store, { visibility: 'durable', sendInitialEvents: true })
    const red = tell(store, { visibility: 'durable', labelSelector: 'color=red' })
    const release = hold()
    const writes = [store.create(Widget, input('b', { color: 'red' })), store.create(Widget, input('c'))]
    await turns()
    expect([committed, durable, fromNow, red]).toEqual([[1, 2, 3], [1], [1], []])
    const late = tell(store, { visibility: 'durable', sendInitialEvents: true })
    await turns()
    expect(late).toEqual([1])
    release()
    await Promise.all(writes)
    await turns()
    expect([durable, fromNow, red, late]).toEqual([[1, 2, 3], [1, 2, 3], [2], [1, 2, 3]])
    await store.close()
  })

  test('misses nothing, however much is written before the first sync, and tells who leaves its scope', async () => {
    for (const limits of [{ logCapacity: 4 }, { logBytesMax: 1_000 }, { logAgeMaxMs: 1 }]) {
      const { disk, hold } = slowDisk()
      const store = await open(disk, limits)
      await store.create(Widget, input('a', { color: 'red' }))
      const watched = ['b', 'red', 'all'].map(what => {
        const told: string[] = []
        const scope = what === 'b' ? { fieldSelector: 'metadata.name=b' } : { labelSelector: 'color=red' }
        store
          .watch(Widget, { visibility: 'durable', ...(what === 'all' ? {} : scope) })
          .on(
            ({ events }) => void told.push(...events.map(({ type, object }) => type + object.metadata.name)),
          )
        return told
      })
      const release = hold()
      const repaint = (color: string): Promise<unknown> =>
        store.modify(Widget, { namespace: 'n', name: 'a' }, draft => void (draft.metadata.labels = { color }))
      const writes = [store.create(Widget, input('b')), repaint('blue')]
      for (let round = 0; round < 30; round++) writes.push(repaint(`blue-${round}`))
      await turns()
      const late = tell(store, { visibility: 'durable', sendInitialEvents: true })
      await turns()
      expect([...watched, late]).toEqual([[], [], [], [1]])
      release()
      await Promise.all(writes)
      await turns()
      const all = ['ADDEDb', ...Array.from({ length: 31 }, () => 'MODIFIEDa')]
      expect(watched).toEqual([['ADDEDb'], ['DELETEDa'], all])
      expect(late).toEqual(Array.from({ length: 33 }, (_, index) => index + 1))
      // The log becomes as short again as it may be.
      for (let round = 0; round < 40; round++) await repaint(`green-${round}`)
      if (limits.logCapacity === 4) expect(() => store.watch(Widget, { since: 66 })).toThrow(/66/)
      await store.close()
    }
  })

  test('marks how far the disk is, not the memory', async () => {
    const { disk, hold } = slowDisk()
    const store = await open(disk)
    await store.create(Widget, input('a'))
    const watch = store.watch(Widget, { visibility: 'durable' })
    const told: object[] = []
    watch.on(({ revision, bookmark }) => void told.push({ revision, bookmark }))
    const release = hold()
    const writing = store.create(Widget, input('b'))
    watch.requestProgress()
    await turns()
    expect([told, watch.revision]).toEqual([[{ revision: 1, bookmark: true }], 1])
    expect(() => store.watch(Widget, { since: 2, visibility: 'durable' })).toThrow(/in the future/)
    release()
    await writing
    await turns()
    expect(told.at(-1)).toEqual({ revision: 2, bookmark: undefined })
    await store.close()
  })

  test.each(['always', 'interval'] as const)(
    'is told of what is compacted when it is on the disk, with fsync %s',
    async fsync => {
      const { disk, hold } = slowDisk()
      const store = await open(disk, { fsync })
      const ends: unknown[] = []
      const told: number[] = []
      const watch = store.watch(Widget, { since: 0, visibility: 'durable' })
      watch.on(
        ({ revision }) => void told.push(revision),
        error => void ends.push(error),
      )
      const release = hold()
      const writing = store.create(Widget, input('a'))
      let isCompacted = false
      const compacting = store.compact(1).then(() => {
        isCompacted = true
      })
      await turns()
      expect([told, ends, isCompacted]).toEqual([[], [], false])
      release()
      await compacting
      await turns()
      expect([told, ends]).toEqual([[1], []])
      await expect(store.compact(2), 'what has not happened').rejects.toMatchObject({
        code: 'FutureRevision',
      })
      await writing
      await store.close()
    },
  )

  test('a compaction that waits for the disk ends with the store', async () => {
    const { disk, hold } = slowDisk()
    const store = await open(disk)
    const release = hold()
    const writing = store.create(Widget, input('a'))
    const compacting = store.compact(1)
    const closing = store.close()
    release()
    await expect(compacting).rejects.toMatchObject({ code: 'Closed' })
    await Promise.all([writing, closing])
  })

  test('that blocks holds back what would take the room of the unread, also while the disk is behind', async () => {
    const { disk, hold } = slowDisk()
    const store = await open(disk, { logCapacity: 4 })
    const batches = store
      .watch(Widget, { visibility: 'durable', slowConsumer: 'block' })
      [Symbol.asyncIterator]()
    for (const name of ['a', 'b']) await store.create(Widget, input(name))
    const release = hold()
    const writes = ['c', 'd', 'e', 'f'].map(name => store.create(Widget, input(name)))
    await turns()
    release()
    const told: unknown[] = []
    while (told.length < 6) told.push((await batches.next()).value?.revision)
    expect(told).toEqual([1, 2, 3, 4, 5, 6])
    await Promise.all(writes)
    await store.close()
  })

  test('is refused where nobody knows what is durable, and is any watch where nothing is kept', async () => {
    const store = await open(new FaultyDisk(), { fsync: 'never' })
    expect(() => store.watch(Widget, { visibility: 'durable' })).toThrow(/fsync never does not know/)
    expect(() => store.watch(Widget, { visibility: 'soon' as never })).toThrow(
      /committed or durable, not soon/,
    )
    await store.close()
    const memory = createStore({ kinds: [Widget] })
    const told = tell(memory, { visibility: 'durable' })
    await memory.create(Widget, input('a'))
    await turns()
    expect(told).toEqual([1])
  })
})

test('a restart with a further kind keeps all that was there, and a resumed watch continues', async () => {
  const Gadget = kindOf('Gadget')
  const disk = new FaultyDisk()
  const before = await open(disk)
  const { metadata } = await before.create(Widget, input('a'))
  await before.create(Widget, input('b'))
  const { revision } = before
  await before.close()

  const store = await open(disk, { kinds: [Gadget, Widget] })
  expect(store.revision).toBe(revision)
  expect(store.get(Widget, metadata)?.metadata).toEqual(metadata)
  const told: string[] = []
  store
    .watch([Widget, Gadget], { since: metadata.resourceVersion })
    .on(({ events }) => void told.push(...events.map(({ object }) => object.metadata.name)))
  await store.create(Gadget, input('g'))
  await store.close()
  expect(told).toEqual(['b', 'g'])

  const again = await open(disk, { kinds: [Widget, Gadget] })
  expect(again.list(Gadget).items.map(({ metadata: { name } }) => name)).toEqual(['g'])
  await again.close()
  await expect(open(disk)).rejects.toMatchObject({ code: 'Usage', details: { kind: 'Gadget' } })
})
