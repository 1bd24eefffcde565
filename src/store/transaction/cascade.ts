import { InvalidError } from '../../core/index.js'
import { ownerTerm } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { ObjectRef, OwnerReference, StoredObject } from '../object/object.js'
import { describeObject } from '../object/object.js'
import type { Query } from '../read/query.js'
import { EVERYTHING } from '../read/query.js'
import { deleteObject } from '../write/delete-object.js'
import { modifyObject } from '../write/update-object.js'
import type { DeleteOptions } from '../write/write-options.js'
import type { WriteSite } from '../write/write-site.js'
import { Overlay } from './overlay.js'

/** An object and where it is kept. */
interface Placed {
  readonly table: KindTable
  readonly object: StoredObject
}

/** A delete with `cascade`: part of the transaction that `site` is, or one commit, or none. */
export function deleteTree(
  site: WriteSite,
  table: KindTable,
  ref: ObjectRef,
  options: DeleteOptions,
): StoredObject {
  if (site instanceof Overlay) return deleteWithDependents(site, table, ref, options)
  const overlay = new Overlay(site, site)
  const result = deleteWithDependents(overlay, table, ref, options)
  site.stageAll(overlay.mutations)
  return result
}

/**
 * Deletes the object and, transitively, every object all of whose owners are deleted with it or do not exist. Each
 * of them is deleted as if by a call of its own: one that finalizers or a grace period hold is marked. Dependents
 * with another owner stay, and lose their references to owners that are gone.
 *
 * @throws what `deleteObject` throws, for any of them; InvalidError for options that exclude each other
 */
function deleteWithDependents(
  overlay: Overlay,
  table: KindTable,
  ref: ObjectRef,
  { cascade, ...options }: DeleteOptions,
): StoredObject {
  assertCascade(cascade, options, describeObject({ kind: table.kind.kind, ...ref }))
  const root = overlay.current(table, ref)
  if (root === undefined) return deleteObject(overlay, table, ref, options)
  const { doomed, others } = doomedWith(overlay, { table, object: root })
  const result = deleteObject(overlay, table, ref, options)
  for (const { table: kept, object } of doomed.slice(1)) deleteObject(overlay, kept, object.metadata, {})
  const gone = new Set<string>()
  for (const { table: kept, object } of doomed)
    if (overlay.current(kept, object.metadata) === undefined) gone.add(object.metadata.uid)
  for (const other of others) dropOwners(overlay, other, gone)
  return result
}

/** The objects that go with `root`, breadth first, and the dependents of them that do not. */
function doomedWith(
  overlay: Overlay,
  root: Placed,
): { readonly doomed: readonly Placed[]; readonly others: readonly Placed[] } {
  const doomed: Placed[] = [root]
  const uids = new Set([root.object.metadata.uid])
  const others = new Map<string, Placed>()
  // The list grows while it is walked. Who is spared now is seen again when its next owner joins the list.
  for (const { object: owner } of doomed) {
    for (const dependent of dependentsOf(overlay, owner)) {
      const { uid, ownerReferences, namespace } = dependent.object.metadata
      if (uids.has(uid)) continue
      if (ownerReferences.every(one => uids.has(one.uid) || !exists(overlay, one, namespace))) {
        uids.add(uid)
        others.delete(uid)
        doomed.push(dependent)
      } else others.set(uid, dependent)
    }
  }
  return { doomed, others: [...others.values()] }
}

/** In the order of the store's kinds, then of keys. */
function dependentsOf(overlay: Overlay, owner: StoredObject): readonly Placed[] {
  const query: Query = { ...EVERYTHING, indexTerm: ownerTerm(owner.metadata.uid) }
  return overlay.engine.tables.all.flatMap(table =>
    overlay.list(table, query).map(object => ({ table, object })),
  )
}

function exists(
  overlay: Overlay,
  { apiVersion, kind, name, uid }: OwnerReference,
  namespace: string | undefined,
): boolean {
  const table = overlay.engine.tables.named(apiVersion, kind)
  if (table === undefined) return false
  const ref = table.kind.namespaced && namespace !== undefined ? { namespace, name } : { name }
  return overlay.current(table, ref)?.metadata.uid === uid
}

function dropOwners(overlay: Overlay, { table, object }: Placed, gone: ReadonlySet<string>): void {
  modifyObject(overlay, table, object.metadata, {
    verb: 'modify',
    recipe: ({ metadata }) => {
      metadata.ownerReferences = metadata.ownerReferences.filter(({ uid }) => !gone.has(uid))
    },
    options: {},
  })
}

function assertCascade(cascade: unknown, { propagationPolicy }: DeleteOptions, subject: string): void {
  if (cascade !== 'atomic') {
    const message = 'must be "atomic", or left out for a garbage collector'
    throw new InvalidError(`deletion of ${subject}`, [{ field: 'cascade', value: cascade, message }])
  }
  if (propagationPolicy === undefined || propagationPolicy === 'Background') return
  const message = 'leaves the dependents to a garbage collector; give it or cascade, not both'
  throw new InvalidError(`deletion of ${subject}`, [
    { field: 'propagationPolicy', value: propagationPolicy, message },
  ])
}
