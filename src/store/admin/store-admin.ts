import { UsageError } from '../../core/index.js'
import type { StoreParts } from '../client/store-parts.js'
import type { KindTable } from '../engine/kind-table.js'
import { diffJson } from '../json/json-diff.js'
import type { JsonPatchOperation } from '../json/json-patch.js'
import type { Kind } from '../kind/kind.js'
import { hiddenObject } from '../object/hidden-object.js'
import type { ObjectId, ObjectRef, StoredObject } from '../object/object.js'
import { idOf } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import { listObjects } from '../read/list.js'
import type { ObjectRevision } from '../read/object-history.js'
import { objectHistory } from '../read/object-history.js'
import { EVERYTHING } from '../read/query.js'
import { keptRevision } from '../read/read-revision.js'
import type { ConflictReport } from './explain-conflict.js'
import { explainConflict } from './explain-conflict.js'
import type { DeletionReport } from './explain-deletion.js'
import { explainDeletion } from './explain-deletion.js'
import type { StoreStats } from './store-stats.js'
import { storeStats } from './store-stats.js'
import type { StoreProblem } from './verify-indexes.js'
import { verifyIndexes } from './verify-indexes.js'

/** What is looked at. */
export interface DumpOptions {
  /** Default: the newest. */
  readonly revision?: number
  /** Default: all. */
  readonly kind?: Kind
  /** True: kinds that are secret are shown too. Default false. */
  readonly secrets?: boolean
}

/** What two revisions make of one object. */
export interface ObjectDiff extends ObjectId {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** JSON Patch from the older to the newer state; for an object that is new or gone, of the whole object. */
  readonly patch: readonly JsonPatchOperation[]
}

/**
 * What an administrator asks of a store. Reads only; nothing waits. Kinds that are declared secret are shown without spec,
 * status and annotations unless `secrets` is true.
 */
export interface StoreAdmin {
  /** How much there is of what. Costs the kinds, namespaces and terms, not the objects. */
  stats(): StoreStats
  /** Every object of a revision, kind by kind in the order of keys. Read it before the next write, or from a snapshot. */
  dump(options?: DumpOptions): Iterable<StoredObject>
  /** Each state of an object that the log knows, oldest first, and who made it why. */
  history(kind: Kind, ref: ObjectRef, options?: { readonly secrets?: boolean }): readonly ObjectRevision[]
  /**
   * What differs between two revisions, whatever happened in between.
   *
   * @throws ExpiredError, FutureRevisionError
   */
  diff(from: number, to: number, options?: { readonly secrets?: boolean }): readonly ObjectDiff[]
  /** Why an object is still there, or when and by whom it was deleted. */
  explainDeletion(kind: Kind, ref: ObjectRef): DeletionReport
  /**
   * Who changed the object since the writer of a stale write had read it, and why.
   *
   * @throws UsageError for another error
   */
  explainConflict(error: unknown): ConflictReport
  /** Compares the tables with their indexes and with the log. No problem is an empty list. */
  verify(): readonly StoreProblem[]
}

/** The admin surface of the parts of a store. */
export function storeAdmin(parts: StoreParts): StoreAdmin {
  const { engine } = parts
  const tablesOf = (kind: Kind | undefined): readonly KindTable[] =>
    kind === undefined ? engine.tables.all : [engine.table(kind)]
  return {
    stats: () => storeStats(parts),
    *dump({ revision, kind, secrets = false } = {}) {
      const at = revision === undefined ? {} : { revision: keptRevision(engine.log, revision) }
      for (const table of tablesOf(kind))
        for (const object of listObjects(table, EVERYTHING, at)) yield shown(table, object, secrets)
    },
    history: (kind, ref, { secrets = false } = {}) => {
      const table = engine.table(kind)
      assertRef(kind, ref)
      return objectHistory(table, ref, engine.log).map(state =>
        state.object === undefined ? state : { ...state, object: shown(table, state.object, secrets) },
      )
    },
    diff: (from, to, { secrets = false } = {}) => {
      if (from > to)
        throw new UsageError(`diff goes from an older revision to a newer one, not from ${from} to ${to}`)
      const revisions = [keptRevision(engine.log, from), keptRevision(engine.log, to)] as const
      return engine.tables.all.flatMap(table => diffOf(table, revisions, secrets))
    },
    explainDeletion: (kind, ref) => explainDeletion(parts, engine.table(kind), ref),
    explainConflict: error => explainConflict(parts, error),
    verify: () => engine.tables.all.flatMap(table => verifyIndexes(engine, table)),
  }
}

function shown({ kind }: KindTable, object: StoredObject, secrets: boolean): StoredObject {
  return kind.secret && !secrets ? hiddenObject(object) : object
}

function diffOf(table: KindTable, [from, to]: readonly [number, number], secrets: boolean): ObjectDiff[] {
  const keyOf = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`
  const before = new Map(listObjects(table, EVERYTHING, { revision: from }).map(each => [keyOf(each), each]))
  const found: ObjectDiff[] = []
  for (const object of listObjects(table, EVERYTHING, { revision: to })) {
    const old = before.get(keyOf(object))
    before.delete(keyOf(object))
    if (old === object) continue
    const previous = old === undefined ? undefined : shown(table, old, secrets)
    const patch = diffJson(previous, shown(table, object, secrets))
    found.push({ ...idOf(object), type: old === undefined ? 'ADDED' : 'MODIFIED', patch })
  }
  for (const old of before.values())
    found.push({ ...idOf(old), type: 'DELETED', patch: diffJson(shown(table, old, secrets), undefined) })
  return found
}
