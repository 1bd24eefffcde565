import type { StoredObject } from './object.js'
import type { Entry, Version } from './version.js'
import type { WatchBatch } from './watch.js'
import type { WriteCause } from './write-cause.js'

/** What one revision did to one key: the state before the revision and the state after it. */
export interface Change {
  readonly entry: Entry
  readonly before: StoredObject | undefined
  readonly after: StoredObject | undefined
  readonly version: Version
}

/** One revision: every change of one transaction, in the order of the first write to each key. */
export interface LogRecord {
  readonly revision: number
  readonly changes: readonly Change[]
  /** What the writer told about itself. */
  readonly cause: WriteCause | undefined
  /** The batch for those who see every change of the record; built by the first of them, shared by all. */
  whole: WatchBatch<StoredObject> | undefined
}

/** The last `capacity` revisions, shared by every watcher. Memory grows as it fills, then stays. */
export class RevisionLog {
  readonly capacity: number
  private readonly slots: LogRecord[] = []
  private last = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  /** The newest revision; 0 when nothing was ever written. */
  get head(): number {
    return this.last
  }

  /** A watch can start after this revision: everything later is here. */
  get oldestStart(): number {
    return Math.max(0, this.last - this.capacity)
  }

  get(revision: number): LogRecord | undefined {
    if (revision > this.last || revision <= this.oldestStart) return undefined
    return this.slots[(revision - 1) % this.capacity]
  }

  /** Appends revision `head + 1`. Returns the record that had to make room. */
  push(record: LogRecord): LogRecord | undefined {
    this.last = record.revision
    const index = (record.revision - 1) % this.capacity
    const evicted = this.slots[index]
    this.slots[index] = record
    return evicted
  }
}
