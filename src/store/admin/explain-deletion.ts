import type { StoreParts } from '../client/store-parts.js'
import { ownerTerm } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { ObjectId, ObjectRef, StoredObject } from '../object/object.js'
import { describeObject, idOf } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import { listObjects } from '../read/list.js'
import type { ObjectRevision } from '../read/object-history.js'
import { objectHistory } from '../read/object-history.js'
import { EVERYTHING } from '../read/query.js'

/** Why an object is there, or is gone. */
export interface DeletionReport {
  readonly state: 'absent' | 'deleted' | 'live' | 'terminating'
  /** The same in a sentence. */
  readonly text: string
  /** When the deletion began, RFC 3339. */
  readonly since?: string
  /** What holds it: each must be removed by whoever has set it. */
  readonly finalizers: readonly string[]
  /** Dependents that a foreground deletion waits for. */
  readonly blockedBy: readonly ObjectId[]
  /** The revision that began the deletion, or ended the object, as far as the log knows it. */
  readonly revision?: number
  readonly actor?: string
  readonly reason?: string
}

/** Looks at the object, its dependents, and what the log knows. */
export function explainDeletion(parts: StoreParts, table: KindTable, ref: ObjectRef): DeletionReport {
  assertRef(table.kind, ref)
  const { engine } = parts
  const id = describeObject({ kind: table.kind.kind, ...ref })
  const states = objectHistory(table, ref, engine.log)
  const object = table.find(ref.namespace, ref.name)?.head?.object
  const by = causeOf(states, object)
  if (object === undefined) {
    const state = states.length === 0 ? 'absent' : 'deleted'
    const text =
      state === 'absent'
        ? `${id} does not exist, and the log knows nothing of it`
        : `${id} was deleted at revision ${states.at(-1)?.revision}`
    return { state, text, finalizers: [], blockedBy: [], ...by }
  }
  const { deletionTimestamp: since, finalizers } = object.metadata
  if (since === undefined)
    return { state: 'live', text: `${id} is not being deleted`, finalizers, blockedBy: [] }
  const blockedBy = blockersOf(parts, object)
  const waits = [
    ...finalizers.map(name => `finalizer ${name}`),
    ...blockedBy.slice(0, 3).map(blocker => `dependent ${describeObject(blocker)}`),
  ]
  const text = `${id} is being deleted and waits for ${waits.join(', ') || `its grace period, which ends at ${since}`}`
  return { state: 'terminating', text, since, finalizers, blockedBy, ...by }
}

function causeOf(
  states: readonly ObjectRevision[],
  object: StoredObject | undefined,
): Pick<DeletionReport, 'revision' | 'actor' | 'reason'> {
  const found =
    object === undefined
      ? states.at(-1)
      : states.find(state => state.object?.metadata.deletionTimestamp !== undefined)
  if (found === undefined) return {}
  const { revision, actor, reason } = found
  return { revision, ...(actor === undefined ? {} : { actor }), ...(reason === undefined ? {} : { reason }) }
}

function blockersOf({ engine }: StoreParts, owner: StoredObject): readonly ObjectId[] {
  const { uid } = owner.metadata
  return engine.tables.all.flatMap(table =>
    listObjects(table, { ...EVERYTHING, indexTerm: ownerTerm(uid) })
      .filter(({ metadata }) =>
        metadata.ownerReferences.some(each => each.uid === uid && each.blockOwnerDeletion === true),
      )
      .map(idOf),
  )
}
