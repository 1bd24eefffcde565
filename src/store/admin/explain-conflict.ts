import { isKeelsonError, UsageError } from '../../core/index.js'
import type { StoreParts } from '../client/store-parts.js'
import type { KindTable } from '../engine/kind-table.js'
import type { ObjectId } from '../object/object.js'
import { describeObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'
import { objectHistory } from '../read/object-history.js'

/** Who was quicker. */
export interface ConflictReport {
  readonly object: ObjectId
  /** The same in a sentence. */
  readonly text: string
  /** The revisions of the object after the one that the writer had read, oldest first, as far as the log knows them. */
  readonly since: readonly (WriteCause & { readonly revision: number; readonly type: string })[]
}

/** @throws UsageError for an error that is no `Conflict` over a resourceVersion of an object of this store */
export function explainConflict({ engine }: StoreParts, error: unknown): ConflictReport {
  if (!isKeelsonError(error, 'Conflict') || error.details.field !== 'resourceVersion')
    throw new UsageError('explainConflict takes the error of a write whose resourceVersion was stale')
  const { kind, namespace, name, expected } = error.details
  const object: ObjectId = { kind, name, ...(namespace === undefined ? {} : { namespace }) }
  const ref = namespace === undefined ? { name } : { namespace, name }
  const table = engine.tables.all.find((each: KindTable) => each.kind.kind === kind)
  if (table === undefined) throw new UsageError(`${kind} is not a kind of this store`, { kind })
  const since = objectHistory(table, ref, engine.log)
    .filter(({ revision }) => revision > Number(expected))
    .map(({ object: _object, createRevision: _createRevision, version: _version, ...change }) => change)
  const by = since.map(({ revision, actor, reason }) => {
    const who = [actor, reason].filter(text => text !== undefined).join(', ')
    return `revision ${revision}${who === '' ? '' : ` (${who})`}`
  })
  const text = `${describeObject(object)} was read at revision ${expected}, and changed since by ${by.join(', ') || 'what the log no longer knows'}`
  return { object, text, since }
}
