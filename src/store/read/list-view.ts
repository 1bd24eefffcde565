import type { KnownOptions } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { StoredObject } from '../object/object.js'
import { LIST_OPTIONS, READ_OPTIONS } from './known-read-options.js'
import type { ListRange } from './list.js'
import { countObjects, listObjects } from './list.js'
import type { Query } from './query.js'
import { readRevision } from './read-revision.js'
import type { ReadOptions } from './reader.js'

/** What lists are answered from: the whole store, or one revision of it. */
export interface ListView {
  /** The options of its lists. */
  readonly takes: KnownOptions
  /** The id of the store's history. */
  readonly incarnation: string
  /** The newest revision it shows, and the oldest. */
  readonly revision: number
  readonly oldest: number
  /** The revision that a list asks for. */
  revisionOf(options: ReadOptions): number
  list(table: KindTable, query: Query, range: ListRange): StoredObject[]
  count(table: KindTable, query: Query, revision: number): number
  /** Where the objects of that revision are posted; undefined when nobody knows without a list. */
  postings(table: KindTable, revision: number): Pick<KindTable, 'labels' | 'indexes'> | undefined
}

/** Every revision that is kept; the newest by default. */
export function storeView(engine: Engine): ListView {
  return new StoreView(engine)
}

/** One revision, which somebody keeps. */
export function pinnedView(engine: Engine, revision: number): ListView {
  return new PinnedView(engine, revision)
}

/** The newest revision is read without a look at older versions. */
class StoreView implements ListView {
  readonly takes: KnownOptions = READ_OPTIONS
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get incarnation(): string {
    return this.#engine.incarnation
  }

  get revision(): number {
    return this.#engine.revision
  }

  get oldest(): number {
    return this.#engine.log.oldestStart
  }

  revisionOf(options: ReadOptions): number {
    return readRevision(this.#engine.log, options)
  }

  list(table: KindTable, query: Query, range: ListRange): StoredObject[] {
    return listObjects(table, query, { ...range, revision: this.#older(range.revision) })
  }

  count(table: KindTable, query: Query, revision: number): number {
    return countObjects(table, query, this.#older(revision))
  }

  postings(table: KindTable, revision: number): KindTable | undefined {
    return this.#older(revision) === undefined ? table : undefined
  }

  #older(revision: number | undefined): number | undefined {
    return revision === this.#engine.revision ? undefined : revision
  }
}

class PinnedView extends StoreView {
  override readonly takes: KnownOptions = LIST_OPTIONS
  readonly #pinned: number

  constructor(engine: Engine, revision: number) {
    super(engine)
    this.#pinned = revision
  }

  override get revision(): number {
    return this.#pinned
  }

  override get oldest(): number {
    return this.#pinned
  }

  override revisionOf(): number {
    return this.#pinned
  }
}
