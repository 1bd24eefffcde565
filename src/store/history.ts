import type { LogRecord } from './revision-log.js'

/**
 * Decides when old versions go. A version lives while a log record or a pin can lead to it; records that left
 * the log wait here for the pins below them. Each change is cut once, so a write pays O(1) for it.
 *
 * Pins do not hold for ever: once `waitingMax` revisions wait, the oldest pin is given up and its readers get
 * `ExpiredError`.
 */
export class History {
  /** Pinned revisions and their holders. New pins are at the newest revision, so the order is ascending. */
  private readonly pins = new Map<number, number>()
  private readonly waitingMax: number
  private waiting: LogRecord[] = []
  private first = 0
  private lostUpTo = -1

  constructor(waitingMax: number) {
    this.waitingMax = waitingMax
  }

  /** Keeps `revision` readable until it is released. */
  pin(revision: number): void {
    this.pins.set(revision, (this.pins.get(revision) ?? 0) + 1)
  }

  release(revision: number): void {
    const holders = this.pins.get(revision)
    if (holders === undefined) return
    if (holders > 1) this.pins.set(revision, holders - 1)
    else this.pins.delete(revision)
    this.cutFree()
  }

  /** The oldest revision whose pin still holds is above this. */
  get lost(): number {
    return this.lostUpTo
  }

  /** How many revisions wait for pins; for tests and statistics. */
  get waitingCount(): number {
    return this.waiting.length - this.first
  }

  /** Takes over a record that left the log. */
  retire(record: LogRecord): void {
    this.waiting.push(record)
    if (this.waitingCount > this.waitingMax) this.giveUpOldestPin()
    this.cutFree()
  }

  private giveUpOldestPin(): void {
    for (const revision of this.pins.keys()) {
      this.lostUpTo = revision
      this.pins.delete(revision)
      return
    }
  }

  private cutFree(): void {
    let oldestPin = Number.POSITIVE_INFINITY
    for (const revision of this.pins.keys()) {
      oldestPin = revision
      break
    }
    while (this.first < this.waiting.length) {
      const record = this.waiting[this.first] as LogRecord
      if (record.revision > oldestPin) break
      this.first++
      cut(record)
    }
    if (this.first === this.waiting.length) {
      this.waiting.length = 0
      this.first = 0
    } else if (this.first > 1024 && this.first * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.first)
      this.first = 0
    }
  }
}

/** No reader is older than this record: what came before its versions can go, and so can what it deleted. */
function cut({ changes }: LogRecord): void {
  for (const { entry, version } of changes) {
    const { space } = entry
    const { previous } = version
    if (previous !== undefined) {
      space.table.labels.cut(entry, previous.terms.labels, version.terms.labels)
      space.table.indexes.cut(entry, previous.terms.indexes, version.terms.indexes)
      version.previous = undefined
    }
    if (version.object === undefined) {
      space.digUp(entry, version)
      space.table.dropIfEmpty(space)
    }
  }
}
