import { SmallMap } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Change } from '../engine/revision-log.js'
import type { Version } from '../engine/version.js'
import { refOfEntry, versionAt } from '../engine/version.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { refText } from '../object/object.js'
import { ExpiredError } from '../object/store-errors.js'
import type { ListRange } from '../read/list.js'
import { listObjects } from '../read/list.js'
import type { Query } from '../read/query.js'
import { matchesQuery } from '../read/query.js'
import type { OverlayBase } from './overlay.js'

interface LastRead {
  readonly table: KindTable
  readonly namespace: string | undefined
  readonly name: string
  readonly version: Version | undefined
}

/**
 * One revision, which somebody keeps, and a note of everything that was read of it: keys, those that were not
 * there too, and lists.
 */
export class ReadSet implements OverlayBase {
  readonly revision: number
  readonly engine: Engine
  readonly #keys = new SmallMap<KindTable, SmallMap<string, number>>()
  readonly #lists = new SmallMap<KindTable, Query[]>()
  /** What was asked for last: one write asks several times for the same. */
  #last: LastRead | undefined

  constructor(engine: Engine, revision: number) {
    this.engine = engine
    this.revision = revision
  }

  /** Names, with their namespaces, that were asked for, and the `resourceVersion` that each had; 0 of one that was not there. */
  get keys(): SmallMap<KindTable, SmallMap<string, number>> {
    return this.#keys
  }

  get lists(): SmallMap<KindTable, readonly Query[]> {
    return this.#lists
  }

  find(table: KindTable, ref: ObjectRef): Version | undefined {
    const last = this.#last
    const { namespace, name } = ref
    if (last?.table === table && last.name === name && last.namespace === namespace) return last.version
    this.#assertKept()
    const entry = table.find(namespace, name)
    const version = entry === undefined ? undefined : versionAt(entry, this.revision)
    const keys = this.#keys.get(table) ?? new SmallMap<string, number>()
    if (keys.size === 0) this.#keys.set(table, keys)
    // What is cut later is still known to have been read.
    keys.set(refText(ref), Number(version?.object?.metadata.resourceVersion ?? 0))
    this.#last = { table, namespace, name, version }
    return version
  }

  /** That list was read, whatever was done with it. */
  noteList(table: KindTable, query: Query): void {
    const queries = this.#lists.get(table)
    if (queries === undefined) this.#lists.set(table, [query])
    else if (!queries.includes(query)) queries.push(query)
  }

  list(table: KindTable, query: Query, range: ListRange): StoredObject[] {
    this.#assertKept()
    this.noteList(table, query)
    return listObjects(table, query, { ...range, revision: this.revision })
  }

  /**
   * The first change since that would have made a difference to what was read.
   *
   * @throws ExpiredError when the log no longer tells
   */
  firstChange(): Change | undefined {
    const { log } = this.engine
    if (this.revision < log.oldestStart) throw new ExpiredError(this.revision, log.oldestStart)
    for (let record = log.after(this.revision); record !== undefined; record = log.after(record.revision)) {
      const found = record.changes.find(change => this.#touches(change))
      if (found !== undefined) return found
    }
    return undefined
  }

  #touches({ entry, version }: Change): boolean {
    const { table } = entry.space
    if (this.#keys.get(table)?.has(refText(refOfEntry(entry))) === true) return true
    const states = [version.previous, version]
    return (this.#lists.get(table) ?? []).some(query => states.some(state => isShown(state, query)))
  }

  #assertKept(): void {
    const { history, log } = this.engine
    if (this.revision < history.oldest) throw new ExpiredError(this.revision, log.oldestStart)
  }
}

function isShown(version: Version | undefined, query: Query): boolean {
  return version?.object !== undefined && matchesQuery(version.object, version.terms, query)
}
