import { InvalidError, UsageError } from '../../core/index.js'
import { deepEqual } from '../../core/internal.js'
import type { Kind, ObjectRef, StoredObject, WatchBatch } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import { kindId } from '../object-key.js'
import type { SourceChange } from '../sources/event-mapping.js'
import { batchProblem, decimalOf } from './batch-check.js'
import type { ObjectIndex } from './object-index.js'
import { ObjectTable } from './object-table.js'

type KindName = Pick<Kind, 'apiVersion' | 'kind'>

/** What became of a batch. */
export type Applied =
  | {
      readonly kind: 'applied'
      readonly changes: readonly SourceChange[]
      /** Present when what came and went after this revision is not among the changes. */
      readonly since?: number
    }
  /** Told before; nothing changed. */
  | { readonly kind: 'duplicate' }
  /** It does not continue what is known: nothing changed, and the source must list again. */
  | { readonly kind: 'refused'; readonly error: Error }

/**
 * A list older than what is known is refused this often in a row: a replica that lags catches up meanwhile.
 *
 * @internal
 */
export const STALE_LISTS_REFUSED = 5

/**
 * What a source of objects has told: a state machine without a clock or a wait.
 *
 * Guarantees: after each batch that was applied the objects are those of the source at `revision`; a batch is
 * applied as a whole or not at all.
 */
export class CacheState {
  readonly #tables = new Map<string, ObjectTable>()
  readonly #knows = (object: StoredObject): boolean => this.has(object)
  #latest: ObjectTable | undefined
  #staleLists = 0
  /** The revision up to which everything is known; 0 before the first list. */
  revision = 0
  /** Counts how often the source began again at an older revision. */
  epoch = 0
  /** True once the first list was applied. */
  synced = false
  /** False when the source must list again, for a change may have been missed. */
  continuous = false

  constructor(kinds: readonly Kind[], indexes: readonly ObjectIndex[]) {
    for (const kind of kinds) {
      const own = indexes.filter(index => kindId(index.kind) === kindId(kind))
      this.#tables.set(kindId(kind), new ObjectTable(kind, own))
    }
    for (const index of indexes) this.table(index.kind)
  }

  get size(): number {
    let size = 0
    for (const table of this.#tables.values()) size += table.size
    return size
  }

  has(kind: KindName): boolean {
    return this.#tableOf(kind) !== undefined
  }

  /** @throws UsageError for a kind that the cache does not hold */
  table(kind: Kind): ObjectTable {
    const table = this.#tableOf(kind)
    if (table !== undefined) return table
    throw new UsageError(`the cache holds no ${kind.kind}; add it to the kinds of the cache`, {
      kind: kind.kind,
    })
  }

  get(kind: Kind, ref: ObjectRef): StoredObject | undefined {
    return this.table(kind).find(ref)?.object
  }

  /** Takes in what the source said. Whatever it is, the state stays whole. */
  apply(batch: unknown): Applied {
    const problem = batchProblem(batch, this.#knows)
    if (problem !== undefined) return this.#refuse(new InvalidError('a batch of the source', [problem]))
    const { revision, events, initialEventsEnd, since } = batch as WatchBatch<StoredObject>
    if (initialEventsEnd === true) return this.#list(batch as WatchBatch<StoredObject>)
    if (!this.synced) return this.#refuse(new UsageError('the source told changes before its first list'))
    if (revision < this.revision) return this.#refuse(wentBack(revision, this.revision))
    if (revision === this.revision) return { kind: 'duplicate' }
    const changes: SourceChange[] = []
    for (const { type, object } of events) {
      const change = type === 'DELETED' ? this.#remove(object) : this.#put(object)
      if (change !== undefined) changes.push(change)
    }
    this.revision = revision
    return since === undefined ? { kind: 'applied', changes } : { kind: 'applied', changes, since }
  }

  #refuse(error: Error): Applied {
    this.continuous = false
    return { kind: 'refused', error }
  }

  /** Older events about an object than what is known of it say nothing new. */
  #put(object: StoredObject): SourceChange | undefined {
    const table = this.#tableOf(object) as ObjectTable
    const version = versionOf(object)
    const held = table.find(object.metadata)
    if (held === undefined) {
      table.add(object, version)
      return { before: undefined, after: object }
    }
    if (held.version >= version) return undefined
    const before = held.object
    table.replace(held, object, version)
    return { before, after: object }
  }

  #remove(object: StoredObject): SourceChange | undefined {
    const table = this.#tableOf(object) as ObjectTable
    const held = table.find(object.metadata)
    if (held === undefined || held.version > versionOf(object)) return undefined
    table.remove(held)
    return { before: held.object, after: undefined }
  }

  /** Replaces everything that is known. What is not listed was deleted at some time not told. */
  #list({ revision, events }: WatchBatch<StoredObject>): Applied {
    const isOlder = this.synced && revision < this.revision
    if (isOlder && ++this.#staleLists <= STALE_LISTS_REFUSED)
      return this.#refuse(wentBack(revision, this.revision))
    const listed = new Map<ObjectTable, Map<string, StoredObject>>()
    for (const table of this.#tables.values()) listed.set(table, new Map())
    for (const { type, object } of events)
      if (type !== 'DELETED')
        listed.get(this.#tableOf(object) as ObjectTable)?.set(refText(object.metadata), object)
    const changes: SourceChange[] = []
    for (const [table, objects] of listed) {
      for (const held of [...table.values()]) {
        if (objects.has(refText(held.object.metadata))) continue
        table.remove(held)
        changes.push({ before: held.object, after: undefined, inferred: true })
      }
    }
    for (const [table, objects] of listed) {
      for (const after of objects.values()) {
        const held = table.find(after.metadata)
        const before = held?.object
        if (before !== undefined && (isOlder ? deepEqual(before, after) : isSame(before, after))) continue
        if (held === undefined) table.add(after, versionOf(after))
        else table.replace(held, after, versionOf(after))
        changes.push({ before, after })
      }
    }
    this.#staleLists = 0
    if (isOlder) this.epoch++
    const since = this.synced ? { since: Math.min(this.revision, revision) } : {}
    this.revision = revision
    this.synced = true
    this.continuous = true
    return { kind: 'applied', changes, ...since }
  }

  /** Events come in groups of one kind. */
  #tableOf(name: KindName): ObjectTable | undefined {
    const latest = this.#latest
    if (latest?.kind.kind === name.kind && latest.kind.apiVersion === name.apiVersion) return latest
    const table = this.#tables.get(kindId(name))
    if (table !== undefined) this.#latest = table
    return table
  }
}

function wentBack(revision: number, known: number): UsageError {
  return new UsageError(`the source went back from revision ${known} to ${revision}`, { revision, known })
}

function isSame(a: StoredObject, b: StoredObject): boolean {
  return a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid
}

function versionOf(object: StoredObject): number {
  return decimalOf(object.metadata.resourceVersion) as number
}
