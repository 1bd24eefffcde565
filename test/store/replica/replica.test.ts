import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeelsonError } from '../../../src/core/index.js'
import { EngineStore } from '../../../src/store/client/engine-client.js'
import type { Store, StoredObject, WatchBatch } from '../../../src/store/index.js'
import { listAndWatch } from '../../../src/store/index.js'
import type { Replica } from '../../../src/store/replica/replica.js'
import { startReplica } from '../../../src/store/replica/replica.js'
import type { RemoteChange } from '../../../src/store/replica/replica-source.js'
import type { VirtualEnv } from '../../../src/testing/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { ref, Widget } from '../../fixtures/kinds.js'
import { keyOf, RemoteStore } from './remote-store.js'

function raw(name: string, node: string, uid = name): { readonly object: StoredObject } {
  const metadata = {
    namespace: 'default',
    name,
    uid,
    resourceVersion: '',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00.000Z',
    labels: { of: node },
    annotations: {},
    ownerReferences: [],
    finalizers: [],
  }
  return { object: { apiVersion: Widget.apiVersion, kind: Widget.kind, metadata, spec: { node } } }
}

function gone(name: string): RemoteChange {
  return { removed: { apiVersion: Widget.apiVersion, kind: Widget.kind, namespace: 'default', name } }
}

interface World {
  readonly env: VirtualEnv
  readonly remote: RemoteStore
  readonly replica: Replica
  readonly store: Store
}

async function world(logCapacity = 1_000): Promise<World> {
  const env = createVirtualEnv()
  const remote = new RemoteStore(env)
  remote.write(0, [raw('a', 'n1')])
  const replica = await env.run(() => startReplica(remote, { kinds: [Widget], env, logCapacity }))
  const store = new EngineStore(replica.parts, { env, commits: 'direct', fences: [] })
  return { env, remote, replica, store }
}

test('a replica has the revisions of what it follows', async () => {
  const { env, remote, replica, store } = await world()
  expect(store.revision).toBe(8)
  const told: WatchBatch<StoredObject>[] = []
  store.watch(Widget).on(batch => void told.push(batch))
  remote.write(4, [raw('b', 'n1')])
  const pinned = store.snapshot()
  remote.write(0, [raw('b', 'n2'), gone('a')])
  await env.settle()
  expect(store.revision).toBe(14)
  expect(told.map(({ revision, events }) => [revision, events.map(event => event.type)])).toEqual([
    [13, ['ADDED']],
    [14, ['MODIFIED', 'DELETED']],
  ])
  expect(store.list(Widget, { index: { name: 'node', value: 'n2' } }).items.map(keyOfObject)).toEqual([
    'default/b',
  ])
  expect(pinned.list(Widget).items.map(keyOfObject)).toEqual(['default/a'])
  // Revision 10 changed nothing here.
  expect(store.snapshot(10).revision).toBe(8)
  expect(replica.freshness).toMatchObject({ revision: 14, connected: true, staleMs: 0, skipped: 0 })
})

test('what a cut wire has kept back is told afterwards, one by one', async () => {
  const { env, remote, replica, store } = await world()
  const told: number[] = []
  store.watch(Widget).on(({ revision }) => void told.push(revision))
  await env.settle()
  remote.cut()
  remote.write(0, [raw('b', 'n1')])
  remote.write(0, [raw('c', 'n1')])
  await env.settle()
  expect(replica.freshness).toMatchObject({ revision: 8, connected: false, error: new Error('cut') })
  await env.advance(60)
  expect(replica.freshness.staleMs).toBe(60)
  await env.advance(1_000)
  expect(told).toEqual([9, 10])
  expect(replica.freshness).toMatchObject({ revision: 10, connected: true, skipped: 0 })
})

test('what can only be listed is a gap, for every watcher, and for those who wait', async () => {
  const { env, remote, replica, store } = await world()
  const ends: unknown[] = []
  store.watch(Widget).on(
    () => {},
    error => void ends.push(error),
  )
  store.watch(Widget, { name: 'not touched' }).on(
    () => {},
    error => void ends.push(error),
  )
  const healed: WatchBatch<StoredObject>[] = []
  listAndWatch(store, Widget).on(batch => void healed.push(batch))
  const quiet: WatchBatch<StoredObject>[] = []
  listAndWatch(store, Widget, { name: 'a' }).on(batch => void quiet.push(batch))
  await env.settle()
  const before = store.snapshot()
  const through = replica.through(11)
  remote.cut()
  for (const name of ['b', 'c']) remote.write(0, [raw(name, 'n1')])
  remote.write(0, [gone('b')])
  remote.compacted = 11
  await env.advance(10_000)
  await through
  expect(ends).toMatchObject([
    { code: 'SlowConsumer', details: { lastResourceVersion: '8', oldestAvailable: 11 } },
    { code: 'SlowConsumer', details: { lastResourceVersion: '8', oldestAvailable: 11 } },
  ])
  expect(healed.slice(1)).toMatchObject([
    { revision: 11, since: 8, events: [{ type: 'ADDED', object: { metadata: { name: 'c' } } }] },
  ])
  expect(quiet.slice(1)).toMatchObject([{ revision: 11, since: 8, events: [], bookmark: true }])
  expect(before.list(Widget).items.map(keyOfObject)).toEqual(['default/a'])
  expect(() => store.watch(Widget, { since: 10 })).toThrow(/no longer kept/)
  expect(replica.freshness).toMatchObject({ revision: 11, skipped: 1, connected: true })
})

test('a list that fails is tried again, and what was missed stays a gap', async () => {
  const { env, remote, replica, store } = await world()
  await env.settle()
  remote.cut()
  remote.write(0, [raw('b', 'n1')])
  remote.compacted = 9
  remote.refusal = new Error('not now')
  await env.advance(20_000)
  expect(replica.freshness).toMatchObject({ connected: false, skipped: 0 })
  remote.refusal = undefined
  await env.advance(10_000)
  expect(replica.freshness).toMatchObject({ connected: true, skipped: 1 })
  expect(store.list(Widget).items.map(keyOfObject)).toEqual(['default/a', 'default/b'])
})

test('a source that has lost data ends the store, with the error for everybody', async () => {
  const { env, remote, replica, store } = await world()
  const ends: unknown[] = []
  store.watch(Widget).on(
    () => {},
    error => void ends.push(error),
  )
  const waiting = replica.through(99).catch((error: unknown) => error)
  await env.settle()
  remote.cut()
  remote.revision = 3
  remote.compacted = 99
  await env.advance(10_000)
  expect(ends).toMatchObject([{ code: 'Corrupt' }])
  expect(await waiting).toMatchObject({ code: 'Corrupt' })
  expect(() => store.list(Widget)).toThrow(KeelsonError)
})

type Step =
  | {
      readonly kind: 'write'
      readonly names: readonly string[]
      readonly node: string
      readonly others: number
    }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'cut' }
  | { readonly kind: 'compact' }
  | { readonly kind: 'pass'; readonly ms: number }

const name = fc.constantFrom('a', 'b', 'c', 'd')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      names: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
      node: fc.constantFrom('n1', 'n2'),
      others: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), name }) },
  fc.record({ kind: fc.constant('cut' as const) }),
  fc.record({ kind: fc.constant('compact' as const) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(300) }) },
)

async function take({ env, remote }: World, one: Step): Promise<void> {
  switch (one.kind) {
    case 'write':
      return remote.write(
        one.others,
        one.names.map(each => raw(each, one.node)),
      )
    case 'remove':
      if (remote.objects.has(keyOf(ref(one.name)))) remote.write(0, [gone(one.name)])
      return
    case 'cut':
      return remote.cut()
    case 'compact':
      remote.compacted = remote.revision
      return
    case 'pass':
      return env.advance(one.ms)
  }
}

test('after any cuts and compactions readers, indexes and watchers agree with what is followed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 2, max: 20 }),
      async (steps, capacity) => {
        const made = await world(capacity)
        const { env, remote, replica, store } = made
        const batches: WatchBatch<StoredObject>[] = []
        listAndWatch(store, Widget).on(batch => void batches.push(batch))
        for (const one of steps) await take(made, one)
        await env.advance(20_000)

        const wanted = [...remote.objects.values()].sort((a, b) => (keyOfObject(a) < keyOfObject(b) ? -1 : 1))
        expect(store.list(Widget).items).toEqual(wanted)
        for (const node of ['n1', 'n2'])
          for (const options of [{ index: { name: 'node', value: node } }, { labelSelector: `of=${node}` }])
            expect(store.list(Widget, options).items).toEqual(
              wanted.filter(({ metadata }) => metadata.labels['of'] === node),
            )
        expect(replica.freshness).toMatchObject({ connected: true, staleMs: expect.any(Number) })

        // What a watcher adds up is what there is, and what it was told is all that it was not told of as a gap.
        const known = new Map<string, StoredObject>()
        let at = 0
        for (const { revision, since, events, initialEventsEnd } of batches) {
          expect(revision).toBeGreaterThan(at)
          const told = remote.revisions.filter(each => each.revision > at && each.revision <= revision)
          if (since === undefined && initialEventsEnd !== true)
            expect(told.map(each => each.revision)).toEqual([revision])
          if (since !== undefined) expect(told.filter(each => each.revision <= since)).toEqual([])
          for (const { type, object } of events) {
            if (type === 'DELETED') known.delete(keyOfObject(object))
            else known.set(keyOfObject(object), object)
          }
          at = revision
        }
        expect([...known.values()].sort((a, b) => (keyOfObject(a) < keyOfObject(b) ? -1 : 1))).toEqual(wanted)
        replica.close()
      },
    ),
    { numRuns: 60 },
  )
})

function keyOfObject({ metadata }: StoredObject): string {
  return keyOf(metadata)
}

test('a watch that blocks counts what this store has of the revisions of the other one', async () => {
  const { env, remote, replica, store } = await world(4)
  const { pressure } = replica.parts.engine
  const watch = store.watch(Widget, { slowConsumer: 'block', bufferLimit: 4 })[Symbol.asyncIterator]()
  for (let size = 1; size <= 3; size++) remote.write(100, [raw('a', `n${size}`)])
  await env.settle()
  expect(pressure.holds(undefined)).toBe(false)
  remote.write(100, [raw('a', 'n4')])
  await env.settle()
  expect(pressure.holds(undefined)).toBe(true)
  for (let size = 1; size <= 4; size++) {
    const next = watch.next()
    await env.settle()
    expect((await next).value?.events[0]?.after?.spec).toEqual({ node: `n${size}` })
  }
  expect(pressure.holds(undefined)).toBe(false)
})
