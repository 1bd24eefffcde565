import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Kind, ObjectRef, Reader, StoredObject } from '../../store/index.js'
import { refOf } from '../../store/internal.js'
import { requeueAfter } from '../attempt/result.js'
import { createController } from '../controller/controller.js'
import type { Controller } from '../controller/controller-contract.js'
import { createControllerGroup } from '../controller/controller-group.js'
import { refersToKind } from '../owner-reference.js'
import type { SourceChange } from '../sources/event-mapping.js'
import { allOf, pathChanged } from '../sources/predicates.js'
import { collect, findKind, isWaiting, ownerState } from './collect.js'

/** How a garbage collector is made. */
export interface GarbageCollectorOptions {
  /** Default `garbage-collector`. */
  readonly name?: string
  /** Every kind whose objects own or are owned. An object with an owner of another kind is kept. */
  readonly kinds: readonly Kind[]
  /** Objects of one kind looked at together, a whole number of at least 1. Default 1. */
  readonly concurrency?: number
}

const COLLECTOR_OPTIONS = /* @__PURE__ */ knownOptions<GarbageCollectorOptions>('createGarbageCollector', {
  name: true,
  kinds: true,
  concurrency: true,
})

/**
 * Deletes objects whose owners are gone, and carries out the propagation policies of deletions: `Background` (the owner
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
  assertKnown(options, COLLECTOR_OPTIONS)
  const { kinds, name = 'garbage-collector', concurrency = 1 } = options
  const loops = new Map<Kind, Controller>()
  const enqueue: Enqueue = (kind, ref, reason) => loops.get(kind)?.enqueue(ref, reason)
  for (const kind of kinds) {
    const loop = createController({
      name: `${name} of ${kind.plural}`,
      for: kind,
      when: allOf(
        ({ after }) => after !== undefined && concerns(after),
        pathChanged('metadata.ownerReferences', 'metadata.finalizers', 'metadata.deletionTimestamp'),
      ),
      concurrency,
      changed: ({ changes, since }, reader) => {
        const around = { kinds, reader, enqueue }
        for (const change of changes) tellNeighbours(change, around)
        if (since !== undefined) tellAfterGap(kind, around)
      },
      reconcile: async (ref, object, { client, env }) => {
        if (object === undefined) return
        const { did, isPartial } = await client.transact(tx => collect(tx, kinds, { kind, ref }))
        if (did !== 'nothing' && did !== 'waits')
          env.metrics.counter('garbage_collector_objects_total').add(1, { kind: kind.kind, did })
        if (isPartial === true) return requeueAfter(0)
      },
    })
    loops.set(kind, loop)
  }
  return createControllerGroup(name, loops, kinds)
}

type Enqueue = (kind: Kind, ref: ObjectRef, reason: string) => void

/** Where those are found whom a change may concern. */
interface Neighbourhood {
  readonly kinds: readonly Kind[]
  readonly reader: Reader
  readonly enqueue: Enqueue
}

/** What a change of one object means to those that it owns, and to those that own it. */
function tellNeighbours({ before, after }: SourceChange, around: Neighbourhood): void {
  if (before === undefined) return
  const { kinds, reader, enqueue } = around
  const isGone = after?.metadata.uid !== before.metadata.uid
  if (isGone || (after !== undefined && isWaiting(after) && !isWaiting(before))) {
    for (const kind of kinds)
      for (const dependent of reader.list(kind, { owner: before.metadata.uid }).items)
        enqueue(kind, refOf(dependent), 'owner')
  }
  if (isGone || after?.metadata.ownerReferences !== before.metadata.ownerReferences)
    tellOwners(before, around)
}

function tellOwners(
  { metadata: { namespace, ownerReferences } }: StoredObject,
  { kinds, reader, enqueue }: Neighbourhood,
): void {
  for (const reference of ownerReferences) {
    const kind = findKind(kinds, reference)
    if (kind === undefined || (kind.namespaced && namespace === undefined)) continue
    const ref = kind.namespaced
      ? { namespace: namespace ?? '', name: reference.name }
      : { name: reference.name }
    if (reader.get(kind, ref)?.metadata.deletionTimestamp !== undefined) enqueue(kind, ref, 'dependent')
  }
}

/**
 * Objects of `gone` may have come and gone without a change: those that a change would have told are looked for.
 */
function tellAfterGap(gone: Kind, { kinds, reader, enqueue }: Neighbourhood): void {
  for (const kind of kinds) {
    for (const object of reader.list(kind).items) {
      const { namespace, ownerReferences, deletionTimestamp } = object.metadata
      const isAffected = ownerReferences.some(reference => {
        if (!refersToKind(reference, gone)) return false
        const state = ownerState(reader, kinds, namespace, reference)
        return state === 'dangling' || state === 'waiting'
      })
      if (isAffected || deletionTimestamp !== undefined) enqueue(kind, refOf(object), 'gap')
    }
  }
}

/** Whether there is anything to decide about the object. */
function concerns({ metadata }: StoredObject): boolean {
  return metadata.ownerReferences.length > 0 || metadata.deletionTimestamp !== undefined
}
