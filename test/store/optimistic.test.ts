import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ListOptions, Reader, Store, StoredObject, Transaction } from '../../src/store/index.js'
import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'
import type { World } from '../fixtures/world.js'
import { createWorld } from '../fixtures/world.js'

const world = (logCapacity = 1_000): World => createWorld({ logCapacity })

/** Makes `write` happen once, in the first run of a body. */
function once(write: () => Promise<unknown>): {
  readonly runs: () => number
  readonly run: () => Promise<unknown>
} {
  let runs = 0
  return { runs: () => runs, run: () => (runs++ === 0 ? write() : Promise.resolve()) }
}

describe('an optimistic transaction', () => {
  test('reads one revision with its own writes over it, and commits under one', async () => {
    const { env, store } = world()
    await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    const done = store.optimistic(async tx => {
      tx.create(Widget, { metadata: at('b'), spec: { size: 2 } })
      await store.create(Widget, { metadata: at('other', 'elsewhere'), spec: { size: 9 } })
      expect(tx.revision).toBe(1)
      expect(tx.get(Widget, at('other', 'elsewhere'))).toBeUndefined()
      expect(tx.list(Widget, { namespace: 'default' }).items).toHaveLength(2)
      return tx.modify(Widget, at('a'), draft => void (draft.spec.size = 5))
    })
    // The lookup of `other` in the body was a read of something that has changed, so the body runs again;
    // its second run meets its own `other`.
    const refused = expect(done).rejects.toMatchObject({ code: 'AlreadyExists' })
    await env.advance(1_000)
    await refused
  })

  test('is not disturbed by writes to what it has not read; what it returns has the real revision', async () => {
    const { env, store } = world()
    await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    const { run, runs } = once(() => store.create(Widget, { metadata: at('b', 'elsewhere'), spec: {} }))
    const done = store.optimistic(async tx => {
      expect(tx.list(Widget, { namespace: 'default', labelSelector: 'app=web' }).items).toEqual([])
      await run()
      return tx.modify(Widget, at('a'), draft => void (draft.spec.size = 5))
    })
    await env.settle()
    const object = await done
    expect([runs(), store.revision, object.metadata.resourceVersion]).toEqual([1, 3, '3'])
    expect(store.get(Widget, at('a'))).toBe(object)
    await store.update(Widget, { ...object, spec: { size: 6 } })
  })

  test.each<[string, (reader: Reader) => unknown, (store: Store) => Promise<unknown>]>([
    [
      'a key that changes',
      reader => reader.get(Widget, at('a')),
      store => store.modify(Widget, at('a'), draft => void (draft.spec.size = 7)),
    ],
    ['a key that goes', reader => reader.get(Widget, at('a')), store => store.delete(Widget, at('a'))],
    [
      'a key that was missing',
      reader => reader.get(Widget, at('new')),
      store => store.create(Widget, { metadata: at('new'), spec: {} }),
    ],
    [
      'a list that gets a phantom',
      reader => reader.list(Widget, { labelSelector: 'app=web' }),
      store => store.create(Widget, { metadata: { ...at('new'), labels: { app: 'web' } }, spec: {} }),
    ],
    [
      'a list that loses an object to another label',
      reader => reader.count(Widget, { labelSelector: 'app=db' }),
      store => store.modify(Widget, at('a'), draft => void (draft.metadata.labels = {})),
    ],
    [
      'an index value that gets another object',
      reader => reader.list(Widget, { index: { name: 'node', value: 'n9' } }),
      store => store.modify(Widget, at('a'), draft => void (draft.spec.node = 'n9')),
    ],
    [
      'a page, for what comes after it counts too',
      reader => reader.list(Widget, { limit: 1 }),
      store => store.create(Widget, { metadata: at('z'), spec: {} }),
    ],
  ])('runs again after a change of %s', async (_name, read, change) => {
    const { env, store } = world()
    await store.create(Widget, { metadata: { ...at('a'), labels: { app: 'db' } }, spec: { node: 'n1' } })
    const { run, runs } = once(() => change(store))
    const done = store.optimistic(async tx => {
      read(tx)
      await run()
      tx.create(Widget, { metadata: at('mine', 'elsewhere'), spec: {} })
    })
    await env.advance(1_000)
    await done
    expect(runs()).toBe(2)
    expect(store.get(Widget, at('mine', 'elsewhere'))).toBeDefined()
  })

  test('that writes nothing is never refused', async () => {
    const { env, store } = world()
    await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    const { run, runs } = once(() => store.delete(Widget, at('a')))
    const done = store.optimistic(async tx => {
      const before = tx.get(Widget, at('a'))?.spec.size
      await run()
      return [before, tx.get(Widget, at('a'))?.spec.size]
    })
    await env.settle()
    expect([await done, runs()]).toEqual([[1, 1], 1])
  })

  test('ends with what its body throws, and changes nothing', async () => {
    const { store } = world()
    let escaped: Reader | undefined
    const done = store.optimistic(async tx => {
      escaped = tx
      tx.create(Widget, { metadata: at('a'), spec: {} })
      await Promise.resolve()
      throw new Error('no')
    })
    await expect(done).rejects.toThrow('no')
    expect(store.revision).toBe(0)
    expect(() => escaped?.get(Widget, at('a'))).toThrow(expect.objectContaining({ code: 'Usage' }))
  })

  test('gives up after its attempts, with growing pauses, and names what was in its way', async () => {
    const { env, store } = world()
    await store.create(Widget, { metadata: at('a'), spec: { size: 0 } })
    const starts: number[] = []
    const done = store.optimistic(
      async tx => {
        starts.push(env.clock.now())
        const size = tx.get(Widget, at('a'))?.spec.size ?? 0
        await store.modify(Widget, at('a'), draft => void (draft.spec.size = size + 1))
        tx.modify(Widget, at('a'), draft => void (draft.spec.size = -1))
      },
      { attempts: 4 },
    )
    const refused = expect(done).rejects.toMatchObject({
      code: 'Conflict',
      details: { name: 'a', expected: '4', actual: '5' },
    })
    await env.advance(1_000)
    await refused
    const pauses = starts.slice(1).map((start, index) => start - (starts[index] as number))
    expect(pauses).toHaveLength(3)
    for (const [index, pause] of pauses.entries()) expect(pause).toBeLessThanOrEqual(10 * 2 ** index)
    await expect(store.optimistic(() => 1, { attempts: 0 })).rejects.toMatchObject({ code: 'Usage' })
  })

  test('that is slower than the store forgets begins again with a fresh revision', async () => {
    const { env, store } = world(4)
    await store.create(Widget, { metadata: at('a'), spec: { size: 0 } })
    const { run, runs } = once(async () => {
      for (let size = 1; size <= 40; size++)
        await store.modify(Widget, at('a'), draft => void (draft.spec.size = size))
    })
    const done = store.optimistic(async tx => {
      await run()
      const size = tx.get(Widget, at('a'))?.spec.size
      tx.create(Widget, { metadata: at('b'), spec: {} })
      return size
    })
    await env.advance(1_000)
    expect([await done, runs()]).toEqual([40, 2])
  })

  test.each([2, 3, 4, 5, 6, 7, 8, 9])(
    'during which %i revisions pass that are not its own begins again where the log has four',
    async revisions => {
      const { env, store } = world(4)
      await store.create(Widget, { metadata: at('a'), spec: { size: 0 } })
      await store.create(Widget, { metadata: at('other'), spec: { size: 0 } })
      const { run, runs } = once(async () => {
        for (let size = 1; size <= revisions; size++)
          await store.modify(Widget, at('other'), draft => void (draft.spec.size = size))
      })
      const done = store.optimistic(async tx => {
        const size = tx.get(Widget, at('a'))?.spec.size ?? 0
        await run()
        tx.modify(Widget, at('a'), draft => void (draft.spec.size = size + 1))
      })
      await env.advance(1_000)
      await done
      expect([store.get(Widget, at('a'))?.spec.size, runs()]).toEqual([1, revisions > 4 ? 2 : 1])
    },
  )

  test('begins again when its revision is compacted; the last attempt fails with Expired', async () => {
    const { env, store } = world()
    await store.create(Widget, { metadata: at('a'), spec: { size: 0 } })
    let size = 0
    const body = async (tx: Transaction): Promise<void> => {
      tx.modify(Widget, at('a'), draft => void (draft.metadata.labels['done'] = 'yes'))
      if (++size > 6) return
      await store.create(Widget, { metadata: at(`b${size}`), spec: {} })
      await store.compact(store.revision)
    }
    const lost = expect(store.optimistic(body)).rejects.toMatchObject({ code: 'Expired' })
    await env.advance(1_000)
    await lost
    const done = store.optimistic(body)
    await env.advance(1_000)
    await done
    expect(store.get(Widget, at('a'))?.metadata.labels).toEqual({ done: 'yes' })
  })

  test.each<[string, (tx: Transaction) => StoredObject]>([
    ['deleted', tx => tx.delete(Widget, at('a'))],
    [
      'changed twice',
      tx => {
        const first = tx.modify(Widget, at('a'), draft => void (draft.spec.size = 5))
        tx.modify(Widget, at('a'), draft => void (draft.spec.size = 6))
        return first
      },
    ],
  ])('returns an object that it has %s under the revision of the commit', async (_what, act) => {
    const { env, store } = world()
    await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    const { run } = once(() => store.create(Widget, { metadata: at('b'), spec: {} }))
    const done = store.optimistic(async tx => {
      const object = act(tx)
      await run()
      return object
    })
    await env.settle()
    expect((await done).metadata).toMatchObject({ name: 'a', resourceVersion: '3' })
    expect(store.revision).toBe(3)
  })

  test.each<ListOptions>([{ namespace: '' }, { fieldSelector: 'metadata.namespace=' }])(
    'sees what comes into a list of %j of a kind without namespaces',
    async options => {
      const { env, store } = createWorld()
      const claim = (name: string): Promise<readonly string[]> =>
        store.optimistic(async tx => {
          const isFree = tx.list(Gadget, options).items.length === 0
          await env.clock.sleep(5)
          if (isFree) tx.create(Gadget, { metadata: { name }, spec: {} })
          return tx.list(Gadget, options).items.map(({ metadata }) => metadata.name)
        })
      const done = Promise.all([claim('a'), claim('b')])
      await env.advance(1_000)
      expect(await done).toEqual([['a'], ['a']])
    },
  )

  test('lets its revision go', async () => {
    const { store } = world(2)
    await store.optimistic(tx => tx.create(Widget, { metadata: at('a'), spec: {} }))
    await store.compact(1)
    for (let size = 1; size <= 3; size++)
      await store.modify(Widget, at('a'), draft => void (draft.spec.size = size))
    expect(() => store.snapshot(1)).toThrow(expect.objectContaining({ code: 'Expired' }))
  })

  test('of a fenced client is refused, and dies with its env', async () => {
    const { env, store } = world()
    const lock = await store.create(Widget, { metadata: at('lock'), spec: {} })
    const fence = { kind: Widget, ref: at('lock'), resourceVersion: lock.metadata.resourceVersion }
    const holder = store.client(env.fork('holder'), { fence })
    const dead = env.fork('dead')
    void store.client(dead).optimistic(tx => tx.create(Widget, { metadata: at('b'), spec: {} }))
    dead.close()
    await store.modify(Widget, at('lock'), draft => void (draft.spec.size = 1))
    const refused = expect(
      holder.optimistic(tx => tx.create(Widget, { metadata: at('a'), spec: {} })),
    ).rejects.toMatchObject({ code: 'Fenced' })
    await env.settle()
    await refused
    expect(store.count(Widget)).toBe(1)
  })
})

describe('transactions that overlap', () => {
  test('leave what some order of them would have left', async () => {
    const names = ['a', 'b', 'c'] as const
    const query = fc.constantFrom<ListOptions>(
      { namespace: 'default' },
      { labelSelector: 'app=p' },
      { index: { name: 'node', value: 'q' } },
    )
    const job = fc.record({
      query,
      read: fc.constantFrom(...names),
      write: fc.constantFrom(...names),
      app: fc.constantFrom('p', 'q'),
      remove: fc.boolean(),
      startMs: fc.nat(5),
      thinkMs: fc.nat(5),
    })
    /** All that a job knows of the store. */
    const seen = (reader: Reader, options: ListOptions, read: string): number =>
      reader.list(Widget, options).items.reduce((sum, item) => sum + (item.spec.size ?? 0), 0) * 10 +
      (reader.get(Widget, at(read))?.spec.size ?? 5)
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 2, maxLength: 8 }), async jobs => {
        const { env, store } = world()
        await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
        const committed: { sum: number; options: ListOptions; read: string; revision: number }[] = []
        for (const [
          index,
          { query: options, read, write, app, remove, startMs, thinkMs },
        ] of jobs.entries()) {
          const run = async (): Promise<void> => {
            await env.clock.sleep(startMs)
            let sum = 0
            // Its revision is that of the commit.
            const mark = await store.optimistic(
              async tx => {
                sum = seen(tx, options, read)
                await env.clock.sleep(thinkMs)
                if (tx.get(Widget, at(write)) !== undefined) tx.delete(Widget, at(write))
                if (!remove) {
                  const metadata = { ...at(write), labels: { app } }
                  tx.create(Widget, { metadata, spec: { size: sum % 97, node: app } })
                }
                return tx.create(Widget, { metadata: at(`job-${index}`, 'marks'), spec: {} })
              },
              { attempts: 50 },
            )
            committed.push({ sum, options, read, revision: Number(mark.metadata.resourceVersion) })
          }
          void run()
        }
        await env.advance(1_000_000)
        expect(committed).toHaveLength(jobs.length)
        for (const { sum, options, read, revision } of committed) {
          using before = store.snapshot(revision - 1)
          expect(seen(before, options, read)).toBe(sum)
        }
      }),
      { numRuns: 200 },
    )
  })
})
