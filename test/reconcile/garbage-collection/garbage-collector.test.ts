import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Manager } from '../../../src/reconcile/index.js'
import { createGarbageCollector, createManager } from '../../../src/reconcile/index.js'
import type { Kind, OwnerReference, PropagationPolicy, StoredObject } from '../../../src/store/index.js'

import { Part, ref, Widget } from '../../fixtures/kinds.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import { breakable } from '../breakable-client.js'

const kinds: readonly Kind[] = [Widget, Part]

interface Collected extends World {
  readonly manager: Manager
}

async function open(): Promise<Collected> {
  const world = createWorld()
  return { ...world, manager: await world.start(createGarbageCollector({ kinds })) }
}

function owns(owner: StoredObject, blockOwnerDeletion = false): OwnerReference {
  const { apiVersion, kind, metadata } = owner
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, blockOwnerDeletion }
}

async function put(
  { env, store }: Pick<World, 'env' | 'store'>,
  kind: Kind,
  name: string,
  ownerReferences: readonly OwnerReference[] = [],
  finalizers: readonly string[] = [],
): Promise<StoredObject> {
  return env.run(() =>
    store.create(kind, { metadata: { ...ref(name), ownerReferences, finalizers }, spec: {} }),
  )
}

async function remove(
  { env, store, manager }: Collected,
  kind: Kind,
  name: string,
  propagationPolicy: PropagationPolicy,
): Promise<void> {
  await env.run(() => store.delete(kind, ref(name), { propagationPolicy }))
  await env.run(() => manager.settled())
}

const names = ({ store }: Pick<World, 'store'>): readonly string[] =>
  kinds.flatMap(kind => store.list(kind).items.map(item => item.metadata.name))

describe('a garbage collector', () => {
  test('background: the owner goes at once, and what it owns follows, through all generations', async () => {
    const world = await open()
    const a = await put(world, Widget, 'a')
    const b = await put(world, Part, 'b', [owns(a)])
    await put(world, Widget, 'c', [owns(b)])
    await put(world, Widget, 'bystander')
    await remove(world, Widget, 'a', 'Background')
    expect(names(world)).toEqual(['bystander'])
  })

  test('foreground: the owner waits for what blocks it, and only for that', async () => {
    const world = await open()
    const a = await put(world, Widget, 'a')
    await put(world, Part, 'blocks', [owns(a, true)], ['example.com/hold'])
    await put(world, Part, 'held', [owns(a)], ['example.com/hold'])
    await remove(world, Widget, 'a', 'Foreground')
    expect(names(world)).toEqual(['a', 'blocks', 'held'])
    const { env, store, manager } = world
    expect(store.get(Part, ref('held'))?.metadata.deletionTimestamp).toBeDefined()
    await env.run(() => store.modify(Part, ref('blocks'), draft => void (draft.metadata.finalizers = [])))
    await env.run(() => manager.settled())
    expect(names(world)).toEqual(['held'])
  })

  test('orphan: what it owns is cut loose, however much it is, and stays', async () => {
    const world = await open()
    const a = await put(world, Widget, 'a')
    const other = await put(world, Widget, 'other')
    for (let index = 0; index < 1_200; index += 1)
      await put(world, Part, `c${index}`, index === 0 ? [owns(other), owns(a)] : [owns(a)])
    await remove(world, Widget, 'a', 'Orphan')
    expect(names(world)).toHaveLength(1_201)
    const references = world.store.list(Part).items.flatMap(item => item.metadata.ownerReferences)
    expect(references).toEqual([owns(other)])
  })

  test('an object with an owner left stays and drops the others; a namesake of an owner is none', async () => {
    const world = await open()
    const [a, b] = [await put(world, Widget, 'a'), await put(world, Widget, 'b')]
    await put(world, Part, 'both', [owns(a), owns(b)])
    await put(world, Part, 'orphan', [{ ...owns(a), uid: 'another-life' }])
    await world.env.run(() => world.manager.settled())
    expect(names(world)).toEqual(['a', 'b', 'both'])
    await remove(world, Widget, 'a', 'Background')
    expect(world.store.get(Part, ref('both'))?.metadata.ownerReferences).toEqual([owns(b)])
  })

  test('foreground deletions of circles end', async () => {
    const world = await open()
    const a = await put(world, Widget, 'a')
    const b = await put(world, Widget, 'b', [owns(a, true)])
    const c = await put(world, Widget, 'c', [owns(b, true)])
    await world.env.run(() =>
      world.store.modify(Widget, ref('a'), draft => void (draft.metadata.ownerReferences = [owns(c, true)])),
    )
    await remove(world, Widget, 'a', 'Foreground')
    expect(names(world)).toEqual([])
  })

  test('what happened before it started is made up for', async () => {
    const world = createWorld()
    const { env, store } = world
    const a = await put(world, Widget, 'a')
    await put(world, Part, 'b', [owns(a, true)])
    await env.run(() => store.delete(Widget, ref('a'), { propagationPolicy: 'Foreground' }))
    const manager = await world.start(createGarbageCollector({ kinds }))
    await env.run(() => manager.settled())
    expect(names(world)).toEqual([])
  })

  test.each([
    { policy: 'Background', left: [] },
    { policy: 'Foreground', left: [] },
  ] as const)(
    'an owner that came and went while only its watch was broken: $policy',
    async ({ policy, left }) => {
      const world = createWorld()
      const { env, store } = world
      const end = { now: new AbortController() }
      const manager = createManager({ client: breakable(store.client(env), end, Widget) })
      manager.add(createGarbageCollector({ kinds }))
      await env.run(() => manager.start())
      end.now.abort(new Error('connection lost'))
      end.now = new AbortController()
      const owner = await put(world, Widget, 'owner')
      await put(world, Part, 'owned', [owns(owner, true)])
      await env.settle()
      await env.run(() => store.delete(Widget, ref('owner'), { propagationPolicy: policy }))
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
        const present = owners
          .map(owner => store.get(Widget, ref(owner)))
          .filter(owner => owner !== undefined)
        if (does === 'create' && store.get(Widget, ref(name)) === undefined)
          await store.create(Widget, {
            metadata: { ...ref(name), ownerReferences: present.map(owner => owns(owner, blocks)) },
            spec: {},
          })
        if (does === 'delete')
          await store.delete(Widget, ref(name), { propagationPolicy: policy }).catch(() => {})
        if (does === 'settle') await env.run(() => manager.settled())
      }
      await env.run(() => manager.settled())
      const left = store.list(Widget).items
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
