import fc from 'fast-check'
import { expect, test } from 'vitest'
import type {
  Store,
  StoredObject,
  Transaction,
  Watch,
  WatchBatch,
  WatchOptions,
} from '../../src/store/index.js'

import type { SlowConsumerError } from '../../src/store/object/store-errors.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import type { ModelEvent, ModelObject } from './fixtures/model-store.js'
import { inModelWords, ModelStore } from './fixtures/model-store.js'

type Batch = WatchBatch<StoredObject>

interface Write {
  readonly verb: 'put' | 'delete'
  readonly global: boolean
  readonly name: string
  readonly size: number
  readonly app: string
}

type Step =
  | { readonly kind: 'transact'; readonly writes: readonly Write[] }
  | { readonly kind: 'read'; readonly which: number; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }

const write: fc.Arbitrary<Write> = fc.record({
  verb: fc.constantFrom('put', 'put', 'delete'),
  global: fc.boolean(),
  name: fc.constantFrom('a', 'b'),
  size: fc.nat(3),
  app: fc.constantFrom('web', 'db'),
})

/** A consumer pauses from the batches that it asked for until it asks again. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('transact' as const),
      writes: fc.array(write, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      which: fc.nat(2),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 300, 999, 1_000) }),
  },
)
const steps: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 5, maxLength: 50 })
const limits = fc.integer({ min: 1, max: 6 })
const capacities = fc.constantFrom(1, 2, 4, 8, 1_000)

const names = ['Widget', 'Gadget']

interface Scope {
  readonly options: WatchOptions
  /** The conditions by which a write finds the watch: what it finds counts as unread. */
  readonly place: WatchOptions
}

/** One consumer for each. */
const scopes: readonly Scope[] = [
  { options: {}, place: {} },
  { options: { labelSelector: 'app=web' }, place: { labelSelector: 'app=web' } },
  { options: { fieldSelector: 'spec.size!=1' }, place: {} },
]

/** Reads a watch only when told to. */
class Consumer {
  readonly scope: Scope
  readonly watch: Watch<StoredObject>
  readonly batches: Batch[] = []
  error: SlowConsumerError | undefined
  /** The revision of the store when the watch ended. */
  endedAt = 0
  readonly #store: Store
  readonly #iterator: AsyncIterator<Batch>
  #wanted = 0
  #busy = false

  constructor(scope: Scope, watch: Watch<StoredObject>, store: Store) {
    this.scope = scope
    this.watch = watch
    this.#store = store
    this.#iterator = watch[Symbol.asyncIterator]()
  }

  read(count: number): void {
    this.#wanted = count
    if (!this.#busy) void this.#pump()
  }

  async #pump(): Promise<void> {
    this.#busy = true
    try {
      while (this.#wanted > 0) {
        const { done, value } = await this.#iterator.next()
        if (done === true) break
        this.#wanted--
        this.batches.push(value)
      }
    } catch (error) {
      this.error = error as SlowConsumerError
      this.endedAt = this.#store.revision
    }
    this.#busy = false
  }
}

interface World {
  readonly env: VirtualEnv
  readonly store: Store
  readonly model: ModelStore
  readonly consumers: readonly Consumer[]
  /** How long each write took, in virtual time. */
  readonly waits: number[]
}

function newWorld(policy: WatchOptions, logCapacity: number): World {
  const { env, store } = createWorld({ logCapacity })
  const client = store.client(env.fork('consumers'))
  const consumers = scopes.map(
    scope => new Consumer(scope, client.watch([Widget, Gadget], { ...scope.options, ...policy }), store),
  )
  return { env, store, model: new ModelStore(), consumers, waits: [] }
}

/** Takes the steps, with one writer that awaits each write; `each` looks at the world after each step. */
async function take(world: World, taken: readonly Step[], each: () => void = () => {}): Promise<void> {
  const { env, consumers } = world
  let writing: Promise<unknown> = Promise.resolve()
  let waiting = 0
  for (const one of taken) {
    if (one.kind === 'transact') {
      waiting++
      writing = writing.then(() => transact(world, one.writes)).then(() => waiting--)
      // A write that nobody holds back needs no step: several are then one burst for the consumers.
      for (let turn = 0; turn < 20 && waiting > 0; turn++) await Promise.resolve()
    } else if (one.kind === 'read') {
      consumers[one.which]?.read(one.count)
      await env.settle()
    } else await env.advance(one.ms)
    each()
  }
  // Whoever still waits for a consumer is freed when its second is over.
  await env.run(() => writing)
  await env.settle()
  each()
}

/** Lets every consumer read all there is; says how many batches each got. */
async function drain({ env, consumers }: World): Promise<readonly number[]> {
  const before = consumers.map(({ batches }) => batches.length)
  for (const consumer of consumers) consumer.read(Number.POSITIVE_INFINITY)
  await env.settle()
  return consumers.map(({ batches }, index) => batches.length - (before[index] ?? 0))
}

async function transact({ env, store, model, waits }: World, writes: readonly Write[]): Promise<void> {
  const startMs = env.clock.monotonic()
  await store.transact(tx => writes.forEach(one => writeReal(tx, one)))
  waits.push(env.clock.monotonic() - startMs)
  model.commit((state, revision) => writes.forEach(one => writeModel({ model, state, revision }, one)))
}

function writeReal(tx: Transaction, { verb, global, name, size, app }: Write): void {
  const kind = global ? Gadget : Widget
  const ref = global ? { name } : { namespace: 'default', name }
  const stored = tx.get(kind, ref)
  const labels = { app }
  if (verb === 'delete') {
    if (stored !== undefined) tx.delete(kind, ref)
  } else if (stored === undefined) tx.create(kind, { metadata: { ...ref, labels }, spec: { size } })
  else tx.update(kind, { ...stored, metadata: { ...stored.metadata, labels }, spec: { size } })
}

interface ModelWrite {
  readonly model: ModelStore
  readonly state: Map<string, ModelObject>
  readonly revision: number
}

function writeModel({ model, state, revision }: ModelWrite, { verb, global, name, size, app }: Write): void {
  const kind = global ? 'Gadget' : 'Widget'
  const namespace = global ? '' : 'default'
  const key = `${kind}/${namespace}/${name}`
  const uid = state.get(key)?.uid ?? model.uid()
  if (verb === 'delete') state.delete(key)
  else state.set(key, { kind, namespace, name, size, node: '', labels: { app }, revision, uid })
}

type ModelBatch = ReturnType<ModelStore['events']>[number]

/** What `consumer` has to hear of the revisions after `since` up to `until`. */
function replay(model: ModelStore, { scope }: Consumer, since = 0, until = model.revision): ModelBatch[] {
  return model.events(since, names, scope.options).filter(({ revision }) => revision <= until)
}

/** What was delivered is all up to where the watch stopped, and a new watch goes on from there, if it still can. */
async function assertPrefix(world: World, consumer: Consumer, logCapacity: number): Promise<void> {
  const { env, store, model } = world
  const { error, batches, scope } = consumer
  const stop = error === undefined ? model.revision : Number(error.lastResourceVersion)
  expect(batches.map(inModelWords)).toEqual(replay(model, consumer, 0, stop))
  if (error === undefined) return
  expect(error.code).toBe('SlowConsumer')
  expect(error.oldestAvailable).toBeLessThanOrEqual(oldest(consumer.endedAt, logCapacity))
  const open = (): Watch<StoredObject> =>
    store.watch([Widget, Gadget], { ...scope.options, since: error.lastResourceVersion })
  if (stop < oldest(store.revision, logCapacity)) {
    expect(open).toThrow(expect.objectContaining({ code: 'Expired' }))
    return
  }
  const rest: ModelBatch[] = []
  open().on(batch => rest.push(inModelWords(batch)))
  await env.settle()
  expect(rest).toEqual(replay(model, consumer, stop))
}

function oldest(revision: number, logCapacity: number): number {
  return Math.max(0, revision - logCapacity)
}

/** The unread revisions of a watch that stopped, as they are counted: once for each kind. */
function unreadAtEnd(model: ModelStore, { scope, error, endedAt }: Consumer): number[] {
  return model
    .events(Number(error?.lastResourceVersion), names, scope.place)
    .filter(({ revision }) => revision <= endedAt)
    .flatMap(({ revision, events }) =>
      [...new Set(events.map(([, key]) => key.split('/')[0]))].map(() => revision),
    )
}

test('close: what is delivered is a prefix, and the error says where to go on', async () => {
  const property = fc.asyncProperty(
    steps,
    fc.option(limits, { nil: undefined }),
    capacities,
    async (taken, limit, logCapacity) => {
      const world = newWorld(limit === undefined ? {} : { bufferLimit: limit }, logCapacity)
      await take(world, taken)
      await drain(world)
      for (const consumer of world.consumers) {
        await assertPrefix(world, consumer, logCapacity)
        if (consumer.error === undefined) continue
        expect(consumer.error.oldestAvailable).toBe(oldest(consumer.endedAt, logCapacity))
        const unread = unreadAtEnd(world.model, consumer)
        const isTooMany = unread.length > Math.min(limit ?? logCapacity, logCapacity)
        const isDropped = (unread[0] ?? 0) <= oldest(consumer.endedAt, logCapacity)
        expect(isTooMany || isDropped).toBe(true)
      }
    },
  )
  await fc.assert(property)
})

/** The difference between two revisions as `consumer` sees them. */
function netEffect(model: ModelStore, { scope }: Consumer, since: number, until: number): string[] {
  const before = model.visible(since, names, scope.options)
  const after = model.visible(until, names, scope.options)
  const lines: string[] = []
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const was = before.get(key)
    const is = after.get(key)
    if (was === is) continue
    if (was !== undefined && is !== undefined && was.uid === is.uid) lines.push(`MODIFIED ${key} ${is.size}`)
    else {
      if (was !== undefined) lines.push(`DELETED ${key} ${was.size}`)
      if (is !== undefined) lines.push(`ADDED ${key} ${is.size}`)
    }
  }
  return lines.sort()
}

const line = ([type, key, , size]: ModelEvent): string => `${type} ${key} ${size}`

/** Applies batches as a replica does. */
function applied(batches: readonly Batch[]): readonly StoredObject[] {
  const state = new Map<string, StoredObject>()
  for (const { events } of batches) {
    for (const { type, object, before } of events) {
      const { kind, metadata } = object
      const key = `${kind}/${metadata.namespace ?? ''}/${metadata.name}`
      if (type !== 'ADDED') expect(before).toBe(state.get(key))
      if (type === 'DELETED') state.delete(key)
      else state.set(key, object)
    }
  }
  return [...state.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

const keyOf = ({ kind, metadata }: StoredObject): string => `${kind}/${metadata.name}`

test('coalesce: what is delivered leads to the state of the store, and what waits is bounded', async () => {
  const property = fc.asyncProperty(steps, limits, capacities, async (taken, bufferLimit, logCapacity) => {
    const world = newWorld({ slowConsumer: 'coalesce', bufferLimit }, logCapacity)
    await take(world, taken)
    const drained = await drain(world)
    const { store, model, consumers } = world
    consumers.forEach((consumer, index) => {
      const { batches, error, scope } = consumer
      expect(error).toBeUndefined()
      expect(drained[index]).toBeLessThanOrEqual(bufferLimit + 1)
      let told = 0
      for (const batch of batches) {
        const since = batch.since ?? batch.revision - 1
        expect(since).toBeGreaterThanOrEqual(told)
        expect(batch.revision).toBeGreaterThan(since)
        // What is not told at all has no net effect.
        expect(netEffect(model, consumer, told, since)).toEqual([])
        expect(inModelWords(batch).events.map(line).sort()).toEqual(
          netEffect(model, consumer, since, batch.revision),
        )
        told = batch.revision
      }
      const options = scope.options as { readonly labelSelector?: string; readonly fieldSelector?: string }
      const stored = [Gadget, Widget].flatMap(kind => store.list(kind, options).items)
      expect(applied(batches)).toEqual(stored)
    })
  })
  await fc.assert(property)
})

test('block: nothing is lost, and a write waits a second at most', async () => {
  const property = fc.asyncProperty(steps, limits, capacities, async (taken, bufferLimit, logCapacity) => {
    const world = newWorld({ slowConsumer: 'block', bufferLimit }, logCapacity)
    const { model, consumers, waits } = world
    await take(world, taken, () => {
      for (const consumer of consumers) {
        if (consumer.error === undefined && waits.every(ms => ms < 1_000))
          expect(replay(model, consumer, consumer.watch.revision).length).toBeLessThanOrEqual(bufferLimit + 1)
      }
    })
    await drain(world)
    expect(Math.max(0, ...waits)).toBeLessThanOrEqual(1_000)
    for (const consumer of consumers) {
      await assertPrefix(world, consumer, logCapacity)
      // It is given up only after it has held a write back for the whole second.
      if (consumer.error !== undefined) expect(waits).toContain(1_000)
    }
  })
  await fc.assert(property)
})
