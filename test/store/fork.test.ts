import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ListOptions, Reader, Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface Write {
  readonly name: string
  readonly namespace: string
  readonly size: number
  readonly node: string
  readonly app: string
  readonly remove: boolean
}

const write: fc.Arbitrary<Write> = fc.record({
  name: fc.constantFrom('x', 'x1', 'y', 'z'),
  namespace: fc.constantFrom('a', 'b'),
  size: fc.nat(2),
  node: fc.constantFrom('n1', 'n2'),
  app: fc.constantFrom('web', 'db'),
  remove: fc.boolean(),
})

const queries: readonly ListOptions[] = [
  {},
  { namespace: 'b' },
  { labelSelector: 'app=web' },
  { index: { name: 'node', value: 'n1' } },
]

async function put(store: Store, { name, namespace, size, node, app, remove }: Write): Promise<void> {
  await store.transact(tx => {
    const ref = at(name, namespace)
    const stored = tx.get(Widget, ref)
    const metadata = { ...ref, labels: { app } }
    if (remove) {
      if (stored !== undefined) tx.delete(Widget, ref)
    } else if (stored === undefined) tx.create(Widget, { metadata, spec: { size, node } })
    else
      tx.update(Widget, {
        ...stored,
        metadata: { ...stored.metadata, labels: { app } },
        spec: { size, node },
      })
  })
}

const shown = (reader: Reader): unknown => queries.map(options => reader.list(Widget, options).items)

describe('a fork', () => {
  test('shows what its snapshot shows, and neither sees what the other writes', async () => {
    const writes = fc.array(write, { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(writes, writes, writes, async (before, here, there) => {
        const { store } = createWorld()
        for (const one of before) await put(store, one)
        using snapshot = store.snapshot()
        for (const one of here) await put(store, one)
        const fork = snapshot.fork(createVirtualEnv())
        expect([fork.revision, shown(fork)]).toEqual([snapshot.revision, shown(snapshot)])
        // The same writes from the same state lead to the same content.
        const twin = snapshot.fork(createVirtualEnv())
        for (const one of there) {
          await put(fork, one)
          await put(twin, one)
        }
        using end = fork.snapshot()
        using twinEnd = twin.snapshot()
        expect([end.revision, end.hash()]).toEqual([twinEnd.revision, twinEnd.hash()])
        const [kept, newest] = [shown(snapshot), shown(store)]
        for (const one of there) await put(fork, { ...one, size: one.size + 7 })
        expect([shown(snapshot), shown(store)]).toEqual([kept, newest])
      }),
      { numRuns: 150 },
    )
  })

  test('is a whole store: revisions, conflicts and watches go on from the snapshot', async () => {
    const { env, store } = createWorld()
    const old = await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    const newer = await store.update(Widget, { ...old, spec: { size: 2 } })
    using snapshot = store.snapshot()
    const fork = snapshot.fork()
    const seen: unknown[] = []
    fork.watch(Widget).on(batch => seen.push([batch.revision, batch.events[0]?.object.spec.size]))
    await expect(fork.update(Widget, old)).rejects.toMatchObject({ code: 'Conflict' })
    const next = await fork.update(Widget, { ...newer, spec: { size: 3 } })
    expect(next.metadata).toMatchObject({ resourceVersion: '3', generation: 3, uid: old.metadata.uid })
    await env.settle()
    expect([seen, store.revision]).toEqual([[[3, 3]], 2])
    expect(() => fork.watch(Widget, { since: 1 })).toThrow(expect.objectContaining({ code: 'Expired' }))
    expect(fork.snapshot(2).get(Widget, at('a'))).toBe(newer)
  })

  test('continues no list of the store that it comes from', async () => {
    const store = createStore({ kinds: [Widget] })
    for (const name of ['a', 'b']) await store.create(Widget, { metadata: at(name), spec: {} })
    const token = store.list(Widget, { limit: 1 }).continue as string
    const fork = store.snapshot().fork()
    expect(() => fork.list(Widget, { continue: token })).toThrow(
      expect.objectContaining({ code: 'BadRequest' }),
    )
  })

  test('does not outlive the choice: a closed snapshot has none', () => {
    const snapshot = createStore({ kinds: [Widget] }).snapshot()
    snapshot.close()
    expect(() => snapshot.fork()).toThrow(expect.objectContaining({ code: 'Closed' }))
    expect(() => snapshot.hash()).toThrow(expect.objectContaining({ code: 'Closed' }))
  })
})

describe('the hash of a snapshot', () => {
  const hashOf = (store: Store): string => {
    using snapshot = store.snapshot()
    return snapshot.hash()
  }

  test('does not depend on the order of writes, nor on ids, revisions and times', async () => {
    const objects = fc.uniqueArray(write, { maxLength: 6, selector: one => `${one.namespace}/${one.name}` })
    await fc.assert(
      fc.asyncProperty(objects, fc.array(write, { maxLength: 4 }), async (wanted, detour) => {
        const env = createVirtualEnv()
        const straight = createStore({ kinds: [Widget], env })
        const crooked = createStore({ kinds: [Gadget, Widget] })
        for (const one of wanted) await put(straight, { ...one, remove: false })
        for (const one of detour) await put(crooked, one)
        for (const { metadata } of crooked.list(Widget).items) await crooked.delete(Widget, metadata)
        await env.advance(5_000)
        for (const one of wanted.toReversed()) await put(crooked, { ...one, remove: false })
        expect(hashOf(crooked)).toBe(hashOf(straight))
      }),
      { numRuns: 100 },
    )
  })

  test('followed along the log is the one computed from all objects', async () => {
    const step = fc.record({ write, back: fc.nat(6) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
        const { store } = createWorld({ logCapacity: 5 })
        for (const one of steps) {
          await put(store, one.write)
          const revision = Math.max(store.revision - one.back, store.revision - 5, 0)
          using snapshot = store.snapshot(revision)
          // A fork has followed nothing yet.
          using fresh = snapshot.fork(createVirtualEnv()).snapshot()
          expect(snapshot.hash()).toBe(fresh.hash())
        }
      }),
      { numRuns: 150 },
    )
  })

  test.each<[string, (store: Store) => Promise<unknown>]>([
    ['a label', store => store.modify(Widget, at('a'), draft => void (draft.metadata.labels['app'] = 'x'))],
    ['a spec', store => store.modify(Widget, at('a'), draft => void (draft.spec.size = 9))],
    [
      'a status',
      store => store.modifyStatus(Widget, at('a'), draft => void (draft.status = { ready: true } as never)),
    ],
    [
      'a finalizer',
      store => store.modify(Widget, at('a'), draft => void draft.metadata.finalizers.push('x/y')),
    ],
    ['a deletion that waits', store => store.delete(Widget, at('kept'))],
    ['a deletion', store => store.delete(Widget, at('a'))],
    ['another name', store => store.create(Widget, { metadata: at('a', 'elsewhere'), spec: { size: 1 } })],
  ])('tells %s', async (_name, change) => {
    const store = createStore({ kinds: [Widget] })
    await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    await store.create(Widget, { metadata: { ...at('kept'), finalizers: ['x/y'] }, spec: { size: 1 } })
    const before = hashOf(store)
    await change(store)
    expect(hashOf(store)).not.toBe(before)
  })
})
