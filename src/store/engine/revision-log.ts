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

/**
 * The last `capacity` revisions that changed something, shared by every watcher, and those that are held. Memory grows as it
 * fills, then stays. A store that follows another one has gaps between them: what is in a gap changed nothing here.
 */
export class RevisionLog {
  readonly capacity: number
  readonly #start: number
  /** A ring; a record's place is that of its ordinal, 1 for the first one. */
  #slots: (LogRecord | undefined)[] = []
  /** How many records the ring can have. */
  #room: number
  #count = 0
  /** The ordinal of the newest record that is no longer here. */
  #gone = 0
  #last: number
  /** The newest revision that had to make room. */
  #evicted = 0
  #compacted: number
  /** What came after this revision makes no room. */
  #held = Number.POSITIVE_INFINITY

  /** @param start the revision at which it begins, 0 for a new store */
  constructor(capacity: number, start: number) {
    this.capacity = capacity
    this.#room = capacity
    this.#start = start
    this.#last = start
    this.#compacted = start === 0 ? -1 : start
  }

  /** The newest revision; 0 when nothing was ever written. */
  get head(): number {
    return this.#last
  }

  /** How many records are here. */
  get size(): number {
    return this.#count - this.#gone
  }

  /** What came before this revision was compacted on request; -1 when nothing was. */
  get floor(): number {
    return this.#compacted
  }

  /** Reads from this revision on, and watches after it, can be answered: everything later is here. */
  get oldestStart(): number {
    return Math.max(this.#evicted, this.#compacted, 0)
  }

  get(revision: number): LogRecord | undefined {
    if (revision > this.#last || revision <= this.oldestStart) return undefined
    // Without gaps the place is known.
    if (this.#last - this.#start === this.#count) return this.#slots[this.#slotOf(revision - this.#start)]
    const record = this.#slots[this.#slotOf(this.#ordinalAfter(revision - 1))]
    return record?.revision === revision ? record : undefined
  }

  /** The first record after that revision that is still here. */
  after(revision: number): LogRecord | undefined {
    const since = Math.max(revision, this.oldestStart)
    return since < this.#last ? this.#slots[this.#slotOf(this.#ordinalAfter(since))] : undefined
  }

  /** The newest revision up to that one that changed something, or the oldest that can be read. */
  atOrBefore(revision: number): number {
    if (this.#last - this.#start === this.#count) return revision
    const before = this.#ordinalAfter(revision) - 1
    const record = before > this.#gone ? this.#slots[this.#slotOf(before)] : undefined
    return Math.max(record?.revision ?? 0, this.oldestStart)
  }

  /** How many more records may come before that of `revision` has to make room. */
  roomBehind(revision: number): number {
    return this.capacity - (this.#count - this.#ordinalAfter(revision - 1) + 1)
  }

  /** What comes after this revision makes no room for others, until another one is named: somebody has still to be told of it. */
  hold(revision: number): void {
    this.#held = revision
  }

  /** All up to this revision may make room, or be compacted, without anybody missing it. */
  get held(): number {
    return this.#held
  }

  /** Appends a revision after `head`. Returns the record that had to make room. */
  push(record: LogRecord): LogRecord | undefined {
    const evicted = this.#count - this.#gone < this.capacity ? undefined : this.#evict()
    if (this.#count - this.#gone >= this.#room) this.#grow()
    this.#last = record.revision
    this.#slots[this.#slotOf(++this.#count)] = record
    return evicted
  }

  /** Takes the oldest record, if there are more than `capacity` and it is no longer held. */
  evict(): LogRecord | undefined {
    return this.size > this.capacity ? this.#evict() : undefined
  }

  /** Answers for nothing up to `revision` any more; `takeCompacted` then empties the slots. */
  compact(revision: number): void {
    this.#compacted = revision
  }

  /** Takes the oldest record that was compacted but is still here. */
  takeCompacted(): LogRecord | undefined {
    const ordinal = this.#gone + 1
    if (ordinal > this.#count) return undefined
    const index = this.#slotOf(ordinal)
    const record = this.#slots[index]
    if (record === undefined || record.revision > this.#compacted) return undefined
    this.#gone = ordinal
    this.#slots[index] = undefined
    return record
  }

  #evict(): LogRecord | undefined {
    const index = this.#slotOf(this.#gone + 1)
    const oldest = this.#slots[index]
    if (oldest === undefined || oldest.revision > this.#held) return undefined
    this.#slots[index] = undefined
    this.#gone++
    this.#evicted = oldest.revision
    return oldest
  }

  #grow(): void {
    const slots = this.#slots
    const before = this.#room
    this.#room = before * 2
    this.#slots = []
    for (let ordinal = this.#count - before + 1; ordinal <= this.#count; ordinal++)
      this.#slots[this.#slotOf(ordinal)] = slots[(ordinal - 1) % before]
  }

  #slotOf(ordinal: number): number {
    return (ordinal - 1) % this.#room
  }

  /** The ordinal of the first record after that revision; one more than there are, if there is none. */
  #ordinalAfter(revision: number): number {
    if (this.#last - this.#start === this.#count) return Math.max(1, revision - this.#start + 1)
    let low = this.#gone + 1
    let high = this.#count + 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#slots[this.#slotOf(middle)]?.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** What watchers read of a log. */
export type WatchLog = Pick<RevisionLog, 'head' | 'capacity' | 'oldestStart' | 'get' | 'after'>
