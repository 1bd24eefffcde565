import type { Cancel } from '../../core/index.js'
import type { Client, Kind, ObjectRef, StoredObject } from '../../store/index.js'
import { requeueAfter } from '../attempt/result.js'
import { createCache } from '../cache/cache.js'
import { createController } from '../controller/controller.js'
import type { Controller, ControllerStatus, StartOptions } from '../controller/controller-contract.js'
import { refOf } from '../object-key.js'
import type { KeyState } from '../queue/work-queue-contract.js'
import type { ObjectChange } from '../sources/event-mapping.js'
import { allOf, pathChanged } from '../sources/predicates.js'
import type { StopOptions, StopOutcome } from '../stop-report.js'
import { collect, findKind, isWaiting } from './collect.js'

/** How a garbage collector is made. */
export interface GarbageCollectorOptions {
  /** Default `garbage-collector`. */
  readonly name?: string
  /** Every kind whose objects own or are owned. An object with an owner of another kind is kept. */
  readonly kinds: readonly Kind[]
  /** Objects of one kind looked at together, an integer ≥ 1. Default 1. */
  readonly concurrency?: number
}

/**
 * Deletes what nobody owns any more, and carries out the propagation policies of deletions: `Background` (the owner
 * goes first), `Foreground` (it goes when what it owns and what blocks it has gone) and `Orphan` (what it owns is cut
 * loose). The rules are those of Kubernetes (`garbagecollector.go`).
 *
 * Guarantees: owners and dependents are read in the transaction that acts on them, so nothing is deleted because of a
 * state that was over; circles of foreground deletions end; an object is kept as long as one of its owners exists, or
 * cannot be looked up.
 *
 * `enqueue` and `inspect` take a key of any of the kinds.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { controllerReference, createGarbageCollector, createManager } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Box = defineKind({ apiVersion: 'example.com/v1', kind: 'Box', plural: 'boxes', namespaced: false })
 * const store = createStore({ kinds: [Box] })
 * const manager = createManager({ client: store })
 * manager.add(createGarbageCollector({ kinds: [Box] }))
 * await manager.start()
 * const outer = await store.create(Box, { metadata: { name: 'outer' }, spec: {} })
 * const ownerReferences = [controllerReference(Box, outer)]
 * await store.create(Box, { metadata: { name: 'inner', ownerReferences }, spec: {} })
 * await store.delete(Box, { name: 'outer' }, { propagationPolicy: 'Foreground' })
 * await manager.settled()
 * assert.equal(store.count(Box), 0)
 * await manager.stop()
 * ```
 */
export function createGarbageCollector(options: GarbageCollectorOptions): Controller {
  return new GarbageCollector(options)
}

/** One loop for each kind, and a feed that tells each what happened to the others. */
class GarbageCollector implements Controller {
  readonly name: string
  readonly #kinds: readonly Kind[]
  readonly #loops: ReadonlyMap<Kind, Controller>
  readonly #listeners = new Set<() => void>()
  #running: { readonly client: Client; readonly feed: ReturnType<typeof createCache> } | undefined

  constructor({ kinds, name = 'garbage-collector', concurrency = 1 }: GarbageCollectorOptions) {
    this.name = name
    this.#kinds = kinds
    this.#loops = new Map(kinds.map(kind => [kind, this.#loopOf(kind, concurrency)]))
  }

  async start(client: Client, options: StartOptions = {}): Promise<void> {
    const feed = createCache({ name: this.name, kinds: this.#kinds })
    this.#running = { client, feed }
    feed.onChange(({ changes }) => {
      for (const change of changes) this.#tell(client, change)
      for (const listener of this.#listeners) listener()
    })
    await Promise.all([...this.#loops.values()].map(loop => loop.start(client, options)))
    await feed.start(client)
  }

  activate(client: Client): void {
    for (const loop of this.#loops.values()) loop.activate?.(client)
  }

  async deactivate(options: StopOptions = {}): Promise<StopOutcome> {
    const outcomes = await Promise.all(
      [...this.#loops.values()].map(async loop => loop.deactivate?.(options)),
    )
    return outcomes.includes('abandoned') ? 'abandoned' : 'stopped'
  }

  async stop(options: StopOptions = {}): Promise<StopOutcome> {
    this.#running?.feed.stop()
    this.#running = undefined
    const outcomes = await Promise.all([...this.#loops.values()].map(loop => loop.stop(options)))
    return outcomes.includes('abandoned') ? 'abandoned' : 'stopped'
  }

  enqueue(key: ObjectRef, reason?: string): void {
    for (const loop of this.#loopsFor(key)) loop.enqueue(key, reason)
  }

  inspect(key: ObjectRef): KeyState<ObjectRef> | undefined {
    return this.#loopsFor(key)
      .map(loop => loop.inspect(key))
      .find(state => state !== undefined)
  }

  status(): ControllerStatus {
    const all = [...this.#loops.values()].map(loop => loop.status())
    const sum = (count: (status: ControllerStatus) => number): number =>
      all.reduce((total, status) => total + count(status), 0)
    return {
      name: this.name,
      queued: sum(status => status.queued),
      inFlight: sum(status => status.inFlight),
      delayed: sum(status => status.delayed),
      failures: sum(status => status.failures),
      quarantined: all.flatMap(status => status.quarantined),
      hotLoops: all.flatMap(status => status.hotLoops),
    }
  }

  isSettled(): boolean {
    if (this.#running === undefined) return true
    const { client, feed } = this.#running
    return feed.hasReached(client.revision) && [...this.#loops.values()].every(loop => loop.isSettled())
  }

  onProgress(listener: () => void): Cancel {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    const cancels = [...this.#loops.values()].map(loop => loop.onProgress(entry))
    return () => {
      this.#listeners.delete(entry)
      for (const cancel of cancels) cancel()
    }
  }

  #loopsFor({ namespace }: ObjectRef): readonly Controller[] {
    const fitting = [...this.#loops].filter(([kind]) => kind.namespaced === (namespace !== undefined))
    return fitting.map(([, loop]) => loop)
  }

  #loopOf(kind: Kind, concurrency: number): Controller {
    return createController({
      name: `${this.name} of ${kind.plural}`,
      for: kind,
      when: allOf(
        ({ after }) => after !== undefined && concerns(after),
        pathChanged('metadata.ownerReferences', 'metadata.finalizers', 'metadata.deletionTimestamp'),
      ),
      concurrency,
      reconcile: async (ref, object, { client, env }) => {
        if (object === undefined) return
        const { did, isPartial } = await client.transact(tx => collect(tx, this.#kinds, { kind, ref }))
        if (did !== 'nothing' && did !== 'waits')
          env.metrics.counter('garbage_collector_objects_total').add(1, { kind: kind.kind, did })
        if (isPartial === true) return requeueAfter(0)
      },
    })
  }

  /** What a change of one object means to those that it owns, and to those that own it. */
  #tell(client: Client, { before, after }: ObjectChange): void {
    if (before === undefined) return
    const isGone = after?.metadata.uid !== before.metadata.uid
    if (isGone || (after !== undefined && isWaiting(after) && !isWaiting(before))) {
      for (const [kind, loop] of this.#loops)
        for (const dependent of client.list(kind, { owner: before.metadata.uid }).items)
          loop.enqueue(refOf(dependent), 'owner')
    }
    if (isGone || after?.metadata.ownerReferences !== before.metadata.ownerReferences)
      this.#tellOwners(client, before)
  }

  #tellOwners(client: Client, { metadata: { namespace, ownerReferences } }: StoredObject): void {
    for (const reference of ownerReferences) {
      const kind = findKind(this.#kinds, reference)
      if (kind === undefined || (kind.namespaced && namespace === undefined)) continue
      const ref = kind.namespaced
        ? { namespace: namespace ?? '', name: reference.name }
        : { name: reference.name }
      if (client.get(kind, ref)?.metadata.deletionTimestamp === undefined) continue
      this.#loops.get(kind)?.enqueue(ref, 'dependent')
    }
  }
}

/** Whether there is anything to decide about the object. */
function concerns({ metadata }: StoredObject): boolean {
  return metadata.ownerReferences.length > 0 || metadata.deletionTimestamp !== undefined
}
