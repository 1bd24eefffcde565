import type { LogRecord, RevisionLog, WatchLog } from './revision-log.js'

/** The part of a log that is on the disk, and who must hear when it grows. */
export class DurableLog implements WatchLog {
  readonly #log: RevisionLog
  #head: number

  /** What is there already is on the disk. */
  constructor(log: RevisionLog) {
    this.#log = log
    this.#head = log.head
    log.hold(log.head)
  }

  get head(): number {
    return this.#head
  }

  get capacity(): number {
    return this.#log.capacity
  }

  get oldestStart(): number {
    return this.#log.oldestStart
  }

  get(revision: number): LogRecord | undefined {
    return revision > this.#head ? undefined : this.#log.get(revision)
  }

  after(revision: number): LogRecord | undefined {
    return revision >= this.#head ? undefined : this.#log.after(revision)
  }

  /**
   * The next revisions are on the disk. However many there are, they stay in the log until the next ones are, so that they can be
   * told meanwhile.
   */
  advance(records: readonly LogRecord[]): void {
    const log = this.#log
    log.hold(this.#head)
    const keep = Math.max(log.capacity, log.size)
    for (const { revision, changes } of records) {
      this.#head = revision
      for (const { entry, version } of changes)
        entry.space.table.durableWatchers.notify(entry, version, revision, keep)
    }
  }
}
