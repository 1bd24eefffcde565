import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import { countObjects, type ListRange, listObjects } from './list.js'
import type { StoredObject } from '../object/object.js'
import type { Overlay } from '../engine/overlay.js'
import type { Query } from './query.js'
import { readRevision } from './read-revision.js'
import type { ReadOptions } from '../store.js'

/** What lists are answered from: the whole store, or one revision of it. */
export interface ListView {
  /** The id of the store's history. */
  readonly incarnation: string
  /** The newest revision it shows, and the oldest. */
  readonly revision: number
  readonly oldest: number
  /** The revision that a list asks for. */
  revisionOf(options: ReadOptions): number
  list(table: KindTable, query: Query, range: ListRange): StoredObject[]
  count(table: KindTable, query: Query, revision: number): number
}

/** Every revision that is kept; the newest by default. */
export function storeView(engine: Engine): ListView {
  return {
    incarnation: engine.incarnation,
    get revision() {
      return engine.revision
    },
    get oldest() {
      return engine.log.oldestStart
    },
    revisionOf: options => readRevision(engine.log, options),
    ...listsOf(engine),
  }
}

/** One revision, which somebody keeps. */
export function pinnedView(engine: Engine, revision: number): ListView {
  const { incarnation } = engine
  return { incarnation, revision, oldest: revision, revisionOf: () => revision, ...listsOf(engine) }
}

/** What a transaction sees: its base with its own writes over it. */
export function overlayView(overlay: Overlay): ListView {
  const { incarnation } = overlay.engine
  const { revision } = overlay.base
  return {
    incarnation,
    revision,
    oldest: revision,
    revisionOf: () => revision,
    list: (table, query, range) => overlay.list(table, query, range),
    count: (table, query) => overlay.list(table, query).length,
  }
}

/** The newest revision is read without a look at older versions. */
function listsOf(engine: Engine): Pick<ListView, 'list' | 'count'> {
  const older = (revision: number | undefined): number | undefined =>
    revision === engine.revision ? undefined : revision
  return {
    list: (table, query, range) => listObjects(table, query, { ...range, revision: older(range.revision) }),
    count: (table, query, revision) => countObjects(table, query, older(revision)),
  }
}
