import type { StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'
import type { KindTable } from './kind-table.js'
import type { TableEntry } from './namespace-table.js'
import type { Version } from './version.js'
import type { WatchBatch } from './watch-batch.js'

/** What one revision did to one key: the state before the revision and the state after it. */
export interface Change {
  readonly entry: TableEntry
  readonly before: StoredObject | undefined
  readonly after: StoredObject | undefined
  readonly version: Version
}

/** One revision: every change of one transaction, in the order of the first write to each key. */
export interface LogRecord {
  readonly revision: number
  readonly changes: readonly Change[]
  /** The table of all its changes, if they are in one. */
  readonly table: KindTable | undefined
  /** What the writer told about itself. */
  readonly cause: WriteCause | undefined
  /** The batch for those who see every change of the record; built by the first of them, shared by all. */
  whole: WatchBatch<StoredObject> | undefined
}

/** A change, and the record of its revision where it is the only one, as nearly all are: one object instead of three. */
export class CommittedChange implements Change, LogRecord {
  readonly entry: TableEntry
  readonly before: StoredObject | undefined
  readonly version: Version
  readonly cause: WriteCause | undefined
  whole: WatchBatch<StoredObject> | undefined = undefined

  constructor(
    entry: TableEntry,
    before: StoredObject | undefined,
    version: Version,
    cause: WriteCause | undefined,
  ) {
    this.entry = entry
    this.before = before
    this.version = version
    this.cause = cause
  }

  get after(): StoredObject | undefined {
    return this.version.object
  }

  get revision(): number {
    return this.version.revision
  }

  get table(): KindTable {
    return this.entry.space.table
  }

  get changes(): readonly Change[] {
    return [this]
  }
}

/** The last `capacity` revisions, shared by every watcher. Memory grows as it fills, then stays. */
export class RevisionLog {
  readonly capacity: number
  readonly #start: number
  readonly #slots: (LogRecord | undefined)[] = []
  #last: number
  #compacted: number
  #taken: number

  /** @param start the revision at which it begins, 0 for a new store */
  constructor(capacity: number, start: number) {
    this.capacity = capacity
    this.#start = start
    this.#last = start
    this.#compacted = start === 0 ? -1 : start
    this.#taken = start
  }

  /** The newest revision; 0 when nothing was ever written. */
  get head(): number {
    return this.#last
  }

  /** What came before this revision was compacted on request; -1 when nothing was. */
  get floor(): number {
    return this.#compacted
  }

  /** Reads from this revision on, and watches after it, can be answered: everything later is here. */
  get oldestStart(): number {
    return Math.max(0, this.#last - this.capacity, this.#compacted)
  }

  get(revision: number): LogRecord | undefined {
    if (revision > this.#last || revision <= this.oldestStart) return undefined
    return this.#slots[this.#slotOf(revision)]
  }

  /** Appends revision `head + 1`. Returns the record that had to make room. */
  push(record: LogRecord): LogRecord | undefined {
    this.#last = record.revision
    const index = this.#slotOf(record.revision)
    const evicted = this.#slots[index]
    this.#slots[index] = record
    return evicted
  }

  /** Answers for nothing up to `revision` any more; `takeCompacted` then empties the slots. */
  compact(revision: number): void {
    this.#compacted = revision
  }

  /** Takes the oldest record that was compacted but is still here. */
  takeCompacted(): LogRecord | undefined {
    const revision = Math.max(this.#taken, this.#last - this.capacity) + 1
    if (revision > this.#compacted) return undefined
    this.#taken = revision
    const index = this.#slotOf(revision)
    const record = this.#slots[index]
    this.#slots[index] = undefined
    return record
  }

  #slotOf(revision: number): number {
    return (revision - 1 - this.#start) % this.capacity
  }
}

/** What watchers read of a log. */
export type WatchLog = Pick<RevisionLog, 'head' | 'capacity' | 'oldestStart' | 'get'>
