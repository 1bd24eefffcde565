import type { KindTable } from '../engine/kind-table.js'
import type { RevisionLog } from '../engine/revision-log.js'
import type { Version } from '../engine/version.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'

/** What one revision did to an object, and what its writer said of itself: `actor`, `reason`, `traceId`. */
export interface ObjectRevision<Spec = unknown, Status = unknown> extends WriteCause {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** The object from then on; undefined where it was deleted. */
  readonly object: StoredObject<Spec, Status> | undefined
  readonly revision: number
  /** The revision that made the object; etcd calls it `create_revision`. */
  readonly createRevision: number
  /** How many revisions this life of the object has had, 1 where it was made; etcd's `version`. */
  readonly version: number
}

/** What the log still knows of an object, oldest first, and its newest state in any case. */
export function objectHistory(
  table: KindTable,
  { namespace, name }: ObjectRef,
  log: RevisionLog,
): readonly ObjectRevision[] {
  const found: ObjectRevision[] = []
  const head = table.find(namespace, name)?.head
  for (let version = head; version !== undefined; version = version.previous) {
    const record = log.get(version.revision)
    if (record === undefined && (version !== head || version.object === undefined)) break
    found.push(Object.freeze({ ...describe(version), ...record?.cause }))
    if (record === undefined) break
  }
  return found.reverse()
}

function describe({ object, revision, createRevision, number }: Version): ObjectRevision {
  const type = object === undefined ? 'DELETED' : number === 1 ? 'ADDED' : 'MODIFIED'
  return { type, object, revision, createRevision, version: number }
}
