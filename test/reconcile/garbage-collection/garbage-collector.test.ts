import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Manager } from '../../../src/reconcile/index.js'
import { createGarbageCollector, createManager } from '../../../src/reconcile/index.js'
import type {
  Kind,
  OwnerReference,
  PropagationPolicy,
  Store,
  StoredObject,
} from '../../../src/store/index.js'
import { createStore, defineKind } from '../../../src/store/index.js'
import type { VirtualEnv } from '../../../src/testing/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { breakable } from '../breakable-client.js'

const Box = defineKind({ apiVersion: 'example.com/v1', kind: 'Box', plural: 'boxes', namespaced: true })
const Crate = defineKind({ apiVersion: 'example.com/v1', kind: 'Crate', plural: 'crates', namespaced: true })
const kinds: readonly Kind[] = [Box, Crate]
const at = (name: string) => ({ namespace: 'default', name })

interface World {
  readonly env: VirtualEnv
  readonly store: Store
  readonly manager: Manager
}

async function open(): Promise<World> {
  const env = createVirtualEnv()
  const store = createStore({ kinds, env })
  const manager = createManager({ client: store.client(env) })
  manager.add(createGarbageCollector({ kinds }))
  await env.run(() => manager.start())
  return { env, store, manager }
}

function owns(owner: StoredObject, blockOwnerDeletion = false): OwnerReference {
  const { apiVersion, kind, metadata } = owner
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, blockOwnerDeletion }
}

async function put(
  { env, store }: World,
  kind: Kind,
  name: string,
  ownerReferences: readonly OwnerReference[] = [],
  finalizers: readonly string[] = [],
): Promise<StoredObject> {
  return env.run(() =>
    store.create(kind, { metadata: { ...at(name), ownerReferences, finalizers }, spec: {} }),
  )
}

async function remove(
  { env, store, manager }: World,
  kind: Kind,
  name: string,
  propagationPolicy: PropagationPolicy,
): Promise<void> {
  await env.run(() => store.delete(kind, at(name), { propagationPolicy }))
  await env.run(() => manager.settled())
}

const names = ({ store }: World): readonly string[] =>
  kinds.flatMap(kind => store.list(kind).items.map(item => item.metadata.name))

describe('a garbage collector', () => {
  test('background: the owner goes at once, and what it owns follows, through all generations', async () => {
    const world = await open()
    const a = await put(world, Box, 'a')
    const b = await put(world, Crate, 'b', [owns(a)])
    await put(world, Box, 'c', [owns(b)])
    await put(world, Box, 'bystander')
    await remove(world, Box, 'a', 'Background')
    expect(names(world)).toEqual(['bystander'])
  })

  test('foreground: the owner waits for what blocks it, and only for that', async () => {
    const world = await open()
    const a = await put(world, Box, 'a')
    await put(world, Crate, 'blocks', [owns(a, true)], ['example.com/hold'])
    await put(world, Crate, 'held', [owns(a)], ['example.com/hold'])
    await remove(world, Box, 'a', 'Foreground')
    expect(names(world)).toEqual(['a', 'blocks', 'held'])
    const { env, store, manager } = world
    expect(store.get(Crate, at('held'))?.metadata.deletionTimestamp).toBeDefined()
    await env.run(() => store.modify(Crate, at('blocks'), draft => void (draft.metadata.finalizers = [])))
    await env.run(() => manager.settled())
    expect(names(world)).toEqual(['held'])
  })

  test('orphan: what it owns is cut loose, however much it is, and stays', async () => {
    const world = await open()
    const a = await put(world, Box, 'a')
    const other = await put(world, Box, 'other')
    for (let index = 0; index < 1_200; index += 1)
      await put(world, Crate, `c${index}`, index === 0 ? [owns(other), owns(a)] : [owns(a)])
    await remove(world, Box, 'a', 'Orphan')
    expect(names(world)).toHaveLength(1_201)
    const references = world.store.list(Crate).items.flatMap(item => item.metadata.ownerReferences)
    expect(references).toEqual([owns(other)])
  })

  test('an object with an owner left stays and drops the others; a namesake of an owner is none', async () => {
    const world = await open()
    const [a, b] = [await put(world, Box, 'a'), await put(world, Box, 'b')]
    await put(world, Crate, 'both', [owns(a), owns(b)])
    await put(world, Crate, 'orphan', [{ ...owns(a), uid: 'another-life' }])
    await world.env.run(() => world.manager.settled())
    expect(names(world)).toEqual(['a', 'b', 'both'])
    await remove(world, Box, 'a', 'Background')
    expect(world.store.get(Crate, at('both'))?.metadata.ownerReferences).toEqual([owns(b)])
  })

  test('foreground deletions of circles end', async () => {
    const world = await open()
    const a = await put(world, Box, 'a')
    const b = await put(world, Box, 'b', [owns(a, true)])
    const c = await put(world, Box, 'c', [owns(b, true)])
    await world.env.run(() =>
      world.store.modify(Box, at('a'), draft => void (draft.metadata.ownerReferences = [owns(c, true)])),
    )
    await remove(world, Box, 'a', 'Foreground')
    expect(names(world)).toEqual([])
  })

  test('what happened before it started is made up for', async () => {
    const env = createVirtualEnv()
    const store = createStore({ kinds, env })
    const manager = createManager({ client: store.client(env) })
    const world = { env, store, manager }
    const a = await put(world, Box, 'a')
    await put(world, Crate, 'b', [owns(a, true)])
    await env.run(() => store.delete(Box, at('a'), { propagationPolicy: 'Foreground' }))
    manager.add(createGarbageCollector({ kinds }))
    await env.run(() => manager.start())
    await env.run(() => manager.settled())
    expect(names(world)).toEqual([])
  })

  test.each([
    { policy: 'Background', left: [] },
    { policy: 'Foreground', left: [] },
  ] as const)(
    'an owner that came and went while only its watch was broken: $policy',
    async ({ policy, left }) => {
      const env = createVirtualEnv()
      const store = createStore({ kinds, env })
      const end = { now: new AbortController() }
      const manager = createManager({ client: breakable(store.client(env), end, Box) })
      const world = { env, store, manager }
      manager.add(createGarbageCollector({ kinds }))
      await env.run(() => manager.start())
      end.now.abort(new Error('connection lost'))
      end.now = new AbortController()
      const owner = await put(world, Box, 'owner')
      await put(world, Crate, 'owned', [owns(owner, true)])
      await env.settle()
      await env.run(() => store.delete(Box, at('owner'), { propagationPolicy: policy }))
      await env.advance(1_000)
      await env.run(() => manager.settled())
      expect(names(world)).toEqual(left)
    },
  )

  test('whatever is owned and deleted, what stays at rest is exactly what should', async () => {
    const policies: readonly PropagationPolicy[] = ['Background', 'Foreground', 'Orphan']
    const action = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      owners: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 2 }),
      blocks: fc.boolean(),
      does: fc.constantFrom('create', 'delete', 'settle', 'create'),
      policy: fc.constantFrom(...policies),
    })
    const property = fc.asyncProperty(fc.array(action, { maxLength: 20 }), async actions => {
      const world = await open()
      const { env, store, manager } = world
      for (const { name, owners, blocks, does, policy } of actions) {
        const present = owners.map(owner => store.get(Box, at(owner))).filter(owner => owner !== undefined)
        if (does === 'create' && store.get(Box, at(name)) === undefined)
          await store.create(Box, {
            metadata: { ...at(name), ownerReferences: present.map(owner => owns(owner, blocks)) },
            spec: {},
          })
        if (does === 'delete')
          await store.delete(Box, at(name), { propagationPolicy: policy }).catch(() => {})
        if (does === 'settle') await env.run(() => manager.settled())
      }
      await env.run(() => manager.settled())
      const left = store.list(Box).items
      const uids = new Set(left.map(item => item.metadata.uid))
      for (const { metadata } of left) {
        // Nothing is stuck in deletion, and every reference leads to an owner that exists.
        expect(metadata.deletionTimestamp).toBeUndefined()
        for (const { uid } of metadata.ownerReferences) expect(uids.has(uid)).toBe(true)
      }
      const { revision } = store
      await env.advance(600_000)
      expect(store.revision).toBe(revision)
    })
    await fc.assert(property, { numRuns: 100 })
  })
})
