import type { Kind, ObjectRef, OwnerReference, Reader, StoredObject, Transaction } from '../../store/index.js'
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '../../store/index.js'
import { refersToKind } from '../owner-reference.js'
import type { OwnerState } from './collection-plan.js'
import { planCollection } from './collection-plan.js'

/** What one look at an object did, for logs and counters; and what else is to be looked at. */
export interface Collection {
  readonly did: 'nothing' | 'deleted' | 'droppedOwners' | 'orphaned' | 'released' | 'waits'
  /** More of the same is left: look again. */
  readonly isPartial?: boolean
}

/** An object of any kind. */
export interface ObjectAddress {
  readonly kind: Kind
  readonly ref: ObjectRef
}

/** Most dependents that one transaction cuts loose. */
const ORPHANS_PER_TRANSACTION = 500

/**
 * Looks at one object and does what its owners, or its own deletion, ask for. Owners and dependents are read in the
 * same transaction, so nothing is decided by what was true before.
 *
 * @param kinds every kind that may own or be owned
 */
export function collect(tx: Transaction, kinds: readonly Kind[], { kind, ref }: ObjectAddress): Collection {
  const object = tx.get(kind, ref)
  if (object === undefined) return { did: 'nothing' }
  const { finalizers, deletionTimestamp, ownerReferences } = object.metadata
  if (deletionTimestamp !== undefined) {
    if (finalizers.includes(ORPHAN_FINALIZER)) return orphanDependents(tx, kinds, kind, object)
    if (finalizers.includes(FOREGROUND_FINALIZER)) return releaseWhenAlone(tx, kinds, kind, object)
    return { did: 'nothing' }
  }
  if (ownerReferences.length === 0) return { did: 'nothing' }
  const dependents = dependentsOf(tx, kinds, object)
  const plan = planCollection(
    ownerReferences.map(reference => ownerState(tx, kinds, object.metadata.namespace, reference)),
    {
      asksFor: finalizers.includes(ORPHAN_FINALIZER)
        ? 'Orphan'
        : finalizers.includes(FOREGROUND_FINALIZER)
          ? 'Foreground'
          : undefined,
      hasDependents: dependents.length > 0,
      hasWaitingDependent: dependents.some(({ object: dependent }) => isWaiting(dependent)),
    },
  )
  switch (plan.kind) {
    case 'keep':
      return { did: 'nothing' }
    case 'dropOwners':
      tx.modify(kind, ref, draft => {
        draft.metadata.ownerReferences = ownerReferences.filter((_, index) => plan.states[index] === 'solid')
      })
      return { did: 'droppedOwners' }
    case 'delete':
      if (plan.unblock) {
        tx.modify(kind, ref, draft => {
          draft.metadata.ownerReferences = ownerReferences.map(one => ({ ...one, blockOwnerDeletion: false }))
        })
      }
      tx.delete(kind, ref, { propagationPolicy: plan.policy })
      return { did: 'deleted' }
  }
}

/** How the owner that an object in `namespace` refers to stands, as `reader` sees it. */
export function ownerState(
  reader: Pick<Reader, 'get'>,
  kinds: readonly Kind[],
  namespace: string | undefined,
  owner: OwnerReference,
): OwnerState {
  const ownerKind = findKind(kinds, owner)
  // An object without a namespace cannot say in which one its owner is.
  if (ownerKind === undefined || (ownerKind.namespaced && namespace === undefined)) return 'unknown'
  const inNamespace = ownerKind.namespaced && namespace !== undefined
  const found = reader.get(ownerKind, inNamespace ? { namespace, name: owner.name } : { name: owner.name })
  if (found === undefined || found.metadata.uid !== owner.uid) return 'dangling'
  return isWaiting(found) ? 'waiting' : 'solid'
}

/** The one among `kinds` that `reference` is about. */
export function findKind(kinds: readonly Kind[], reference: OwnerReference): Kind | undefined {
  return kinds.find(kind => refersToKind(reference, kind))
}

/** It goes when what it owns has gone. */
export function isWaiting({ metadata }: StoredObject): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers.includes(FOREGROUND_FINALIZER)
}

interface Dependent {
  readonly kind: Kind
  readonly object: StoredObject
  readonly reference: OwnerReference
}

function dependentsOf(tx: Transaction, kinds: readonly Kind[], owner: StoredObject): readonly Dependent[] {
  const { uid } = owner.metadata
  return kinds.flatMap(kind =>
    tx.list(kind, { owner: uid }).items.flatMap(object => {
      const reference = object.metadata.ownerReferences.find(one => one.uid === uid)
      return reference === undefined ? [] : [{ kind, object, reference }]
    }),
  )
}

function orphanDependents(
  tx: Transaction,
  kinds: readonly Kind[],
  kind: Kind,
  owner: StoredObject,
): Collection {
  const dependents = dependentsOf(tx, kinds, owner)
  for (const dependent of dependents.slice(0, ORPHANS_PER_TRANSACTION)) {
    tx.modify(dependent.kind, dependent.object.metadata, draft => {
      const kept = dependent.object.metadata.ownerReferences.filter(one => one.uid !== owner.metadata.uid)
      draft.metadata.ownerReferences = kept
    })
  }
  const isPartial = dependents.length > ORPHANS_PER_TRANSACTION
  if (!isPartial) dropFinalizer(tx, kind, owner, ORPHAN_FINALIZER)
  return { did: 'orphaned', isPartial }
}

function releaseWhenAlone(
  tx: Transaction,
  kinds: readonly Kind[],
  kind: Kind,
  owner: StoredObject,
): Collection {
  const isBlocked = dependentsOf(tx, kinds, owner).some(
    ({ reference }) => reference.blockOwnerDeletion === true,
  )
  if (isBlocked) return { did: 'waits' }
  dropFinalizer(tx, kind, owner, FOREGROUND_FINALIZER)
  return { did: 'released' }
}

function dropFinalizer(tx: Transaction, kind: Kind, object: StoredObject, finalizer: string): void {
  tx.modify(kind, object.metadata, draft => {
    draft.metadata.finalizers = object.metadata.finalizers.filter(name => name !== finalizer)
  })
}
