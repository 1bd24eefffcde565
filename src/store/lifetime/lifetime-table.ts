import type { HeapHandle } from '../../core/internal.js'
import { compareText, heapHandle, IndexedHeap } from '../../core/internal.js'
import type { TableEntry } from '../engine/namespace-table.js'

/** One lifetime, or the ttl of one object. `at` is its deadline, monotonic ms. */
export interface LifetimeRecord extends HeapHandle {
  /** Undefined for the ttl of an object, which nobody can renew. */
  readonly id: string | undefined
  readonly ttlMs: number
  readonly entries: Set<TableEntry>
}

/** Who keeps what until when. Only entries that are kept by something cost anything. */
export class LifetimeTable {
  readonly #byId = new Map<string, LifetimeRecord>()
  readonly #keepers = new Map<TableEntry, LifetimeRecord>()
  readonly #deadlines = new IndexedHeap<LifetimeRecord>()

  /** The first to end. */
  get first(): LifetimeRecord | undefined {
    return this.#deadlines.peek()
  }

  get(id: string): LifetimeRecord | undefined {
    return this.#byId.get(id)
  }

  /** All that have an id, by id. */
  get named(): readonly LifetimeRecord[] {
    return [...this.#byId.values()].sort((one, other) => compareText(one.id ?? '', other.id ?? ''))
  }

  /** Everything that is kept, and by what. */
  get kept(): readonly (readonly [TableEntry, LifetimeRecord])[] {
    return [...this.#keepers]
  }

  /** What keeps the entry. */
  keeperOf(entry: TableEntry): LifetimeRecord | undefined {
    return this.#keepers.get(entry)
  }

  /** The id must be free. */
  add(id: string | undefined, ttlMs: number, nowMs: number): LifetimeRecord {
    const record: LifetimeRecord = { id, ttlMs, entries: new Set(), ...heapHandle() }
    this.#deadlines.push(record, nowMs + ttlMs)
    if (id !== undefined) this.#byId.set(id, record)
    return record
  }

  renew(record: LifetimeRecord, nowMs: number): void {
    this.#deadlines.update(record, nowMs + record.ttlMs)
  }

  /** From now on `record` keeps the entry, and nothing else does. */
  attach(entry: TableEntry, record: LifetimeRecord): void {
    this.detach(entry)
    record.entries.add(entry)
    this.#keepers.set(entry, record)
  }

  detach(entry: TableEntry): void {
    const record = this.#keepers.get(entry)
    if (record === undefined) return
    this.#keepers.delete(entry)
    record.entries.delete(entry)
    if (record.id === undefined) this.#deadlines.remove(record)
  }

  /** Ends the lifetime; what it kept is kept by nothing now. */
  remove(record: LifetimeRecord): readonly TableEntry[] {
    const entries = [...record.entries]
    for (const entry of entries) this.#keepers.delete(entry)
    record.entries.clear()
    this.#deadlines.remove(record)
    if (record.id !== undefined) this.#byId.delete(record.id)
    return entries
  }
}
