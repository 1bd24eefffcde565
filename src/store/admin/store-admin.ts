import { UsageError } from '../../core/index.js'
import type { Store } from '../client/client.js'
import { partsOf } from '../client/engine-client.js'
import type { StoreParts } from '../client/store-parts.js'
import type { KindTable } from '../engine/kind-table.js'
import { diffJson } from '../json/json-diff.js'
import type { JsonPatchOperation } from '../json/json-patch.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectId, ObjectRef, StoredObject } from '../object/object.js'
import { idOf } from '../object/object.js'
import { assertRef } from '../object/object-name.js'
import { listObjects } from '../read/list.js'
import type { ObjectRevision } from '../read/object-history.js'
import { objectHistory } from '../read/object-history.js'
import { EVERYTHING } from '../read/query.js'
import { keptRevision } from '../read/read-revision.js'
import type { ListOptions } from '../read/reader.js'
import { resumeToken } from '../watch/resume-token.js'
import type { ConflictReport } from './explain-conflict.js'
import { explainConflict } from './explain-conflict.js'
import type { DeletionReport } from './explain-deletion.js'
import { explainDeletion } from './explain-deletion.js'
import type { QueryReport } from './explain-query.js'
import { explainQuery } from './explain-query.js'
import type { MigrateFunction, MigrateOptions, MigrationReport } from './migrate-kind.js'
import { migrateKind } from './migrate-kind.js'
import { shownObject } from './shown-object.js'
import type { StorePins } from './store-pins.js'
import { storePins } from './store-pins.js'
import type { StoreStats } from './store-stats.js'
import { storeStats } from './store-stats.js'
import type { StoreRevision, TailOptions } from './tail-log.js'
import { tailLog } from './tail-log.js'
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
 * What an administrator asks of a store. Reads only, save `migrate` and `compact`. Kinds that are declared secret are shown
 * without spec, status and annotations unless `secrets` is true.
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
  /**
   * What a list with these conditions looks at, what wakes a watch with them, and what would make both cheaper. Costs one
   * such list.
   *
   * @throws BadRequestError for a selector, field or index that cannot be understood
   */
  explain(kind: Kind, query?: Omit<ListOptions, 'limit' | 'continue'>): QueryReport
  /** What holds on to old revisions, and for how long; which watches are how far behind. */
  pins(): StorePins
  /**
   * The log, revision by revision, with who wrote it and why; with `follow` also what is written later.
   *
   * @throws ExpiredError, FutureRevisionError; while it is read, SlowConsumerError
   */
  tail(options?: TailOptions): AsyncIterable<StoreRevision>
  /**
   * Rewrites every object of a kind for which `migrate` returns a new state, in transactions of `batchSize` objects. One that
   * is refused stays as it was, and is told. Cut short, it goes on with `after`, or is run again.
   *
   * @throws UsageError; what `migrate` throws, save errors of the store
   */
  migrate<Spec, Status>(
    kind: Kind<Spec, Status>,
    migrate: MigrateFunction<Spec, Status>,
    options?: MigrateOptions,
  ): Promise<MigrationReport>
  /**
   * Names a revision of this history, for `since` of a later watch. A store that was restored from a backup counts the same
   * revisions on and refuses it as `Expired`, where the bare number would be taken for one of its own.
   *
   * @param revision that of a watch. Default: the newest
   */
  resumeToken(revision?: number): string
  /** As `compact` of the store. */
  compact(revision: number | string): Promise<void>
  /** Compares the tables with their indexes and with the log. No problem is an empty list. */
  verify(): readonly StoreProblem[]
}

/**
 * The admin surface of a store in memory, or in a directory.
 *
 * @throws UsageError for a store of another make
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createStore, defineKind } from 'keelson/store'
 * import { storeAdmin } from 'keelson/store/admin'
 *
 * const Job = defineKind<{ queue: string }>({
 *   apiVersion: 'example/v1', kind: 'Job', plural: 'jobs', namespaced: false, indexes: { queue: job => job.spec.queue },
 * })
 * const store = createStore({ kinds: [Job] })
 * for (const name of ['a', 'b', 'c']) await store.create(Job, { metadata: { name }, spec: { queue: name === 'a' ? 'x' : 'y' } })
 * const admin = storeAdmin(store)
 * assert.equal(admin.explain(Job, { fieldSelector: 'spec.queue=x' }).candidates, 3)
 * assert.equal(admin.explain(Job, { index: { name: 'queue', value: 'x' } }).candidates, 1)
 * const report = await admin.migrate(Job, job => (job.spec.queue === 'x' ? { ...job, spec: { queue: 'z' } } : undefined))
 * assert.deepEqual([report.changed, report.unchanged], [1, 2])
 * ```
 */
export function storeAdmin(store: Store): StoreAdmin {
  const parts = partsOf(store)
  if (parts === undefined)
    throw new UsageError(
      'storeAdmin takes a store of createStore or openStore; another one has tools of its own',
    )
  return adminOf(store, parts)
}

/** The tools of a store whose content is, or is shown, in these parts; what they write is written by the store. */
export function adminOf(store: Store, parts: StoreParts): StoreAdmin {
  const { engine } = parts
  const tablesOf = (kind: Kind | undefined): readonly KindTable[] =>
    kind === undefined ? engine.tables.all : [engine.table(kind)]
  return {
    stats: () => storeStats(parts),
    *dump({ revision, kind, secrets = false } = {}) {
      const at = revision === undefined ? {} : { revision: keptRevision(engine.log, revision) }
      for (const table of tablesOf(kind))
        for (const object of listObjects(table, EVERYTHING, at)) yield shownObject(table, object, secrets)
    },
    history: (kind, ref, { secrets = false } = {}) => {
      const table = engine.table(kind)
      assertRef(kind, ref)
      return objectHistory(table, ref, engine.log).map(state =>
        state.object === undefined ? state : { ...state, object: shownObject(table, state.object, secrets) },
      )
    },
    diff: (from, to, { secrets = false } = {}) => {
      if (from > to)
        throw new UsageError(`diff goes from an older revision to a newer one, not from ${from} to ${to}`)
      const revisions = [keptRevision(engine.log, from), keptRevision(engine.log, to)] as const
      return engine.tables.all.flatMap(table => diffOf(table, revisions, secrets))
    },
    explain: (kind, query = {}) => explainQuery(engine.table(kind), query),
    explainDeletion: (kind, ref) => explainDeletion(parts, engine.table(kind), ref),
    explainConflict: error => explainConflict(parts, error),
    pins: () => storePins(parts),
    tail: (options = {}) => tailLog(store, parts, options),
    migrate: (kind, migrate, options = {}) =>
      migrateKind({ store, table: engine.table(kind) }, migrate, options),
    resumeToken: (revision = engine.revision) => resumeToken(engine, revision),
    compact: revision => store.compact(revision),
    verify: () => engine.tables.all.flatMap(table => verifyIndexes(engine, table)),
  }
}

function diffOf(table: KindTable, [from, to]: readonly [number, number], secrets: boolean): ObjectDiff[] {
  const keyOf = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`
  const before = new Map(listObjects(table, EVERYTHING, { revision: from }).map(each => [keyOf(each), each]))
  const found: ObjectDiff[] = []
  for (const object of listObjects(table, EVERYTHING, { revision: to })) {
    const old = before.get(keyOf(object))
    before.delete(keyOf(object))
    if (old === object) continue
    const previous = old === undefined ? undefined : shownObject(table, old, secrets)
    const patch = diffJson(previous, shownObject(table, object, secrets))
    found.push({ ...idOf(object), type: old === undefined ? 'ADDED' : 'MODIFIED', patch })
  }
  for (const old of before.values())
    found.push({
      ...idOf(old),
      type: 'DELETED',
      patch: diffJson(shownObject(table, old, secrets), undefined),
    })
  return found
}
