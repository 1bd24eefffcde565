import type { LogRecord } from './revision-log.js'

/** Records cut while a write goes on: more than come in, so that a backlog shrinks. */
const CUT_PER_WRITE = 4

/** Changes cut in one go, so that nobody else waits long. */
export const CUT_PER_STEP = 1_000

/**
 * Decides when old versions go. A version lives while a log record or a pin can lead to it; records that left
 * the log wait here for the pins below them. Each change is cut once, so a write pays O(1) for it.
 *
 * Pins are limited: one that is more than twice the log behind is given up, and its readers get
 * `ExpiredError`. Those of work of the store's own, which always ends, are not: they last.
 */
export class History {
  /**
   * How many hold each revision. No pin is older than what was cut, and every revision has one record, so the one pin
   * that can stand in the way of the next record is that of the revision that was cut last.
   */
  readonly #pins = new Map<number, number>()
  /** The holders of one more revision, beside the map: constant inserts and deletes in a Map would dominate the cost. */
  #cachedPin = 0
  #cachedHolders = 0
  /** Pins that are never given up, by how many hold them. */
  readonly #lasting = new Map<number, number>()
  readonly #behindMax: number
  #waiting: LogRecord[] = []
  #first = 0
  #cutTo: number
  /** How many records were in the log when the last one left it. */
  #logged = 0
  readonly #now: () => number
  /** Since when a pin has stood in the way. */
  #heldSince: number | undefined = undefined

  constructor(logCapacity: number, start: number, now: () => number) {
    this.#behindMax = logCapacity * 2
    this.#cutTo = start
    this.#now = now
  }

  /** The oldest revision that can be read: every version since is there. */
  get oldest(): number {
    return this.#cutTo
  }

  /** How many revisions wait for pins, or for their turn. */
  get waitingCount(): number {
    return this.#waiting.length - this.#first
  }

  /** For how long a pin has kept from being cut what waits, ms; undefined when none does. */
  get heldBackMs(): number | undefined {
    const isHeld = this.waitingCount > 0 && this.#isPinned(this.#cutTo)
    return isHeld && this.#heldSince !== undefined ? this.#now() - this.#heldSince : undefined
  }

  /** The revisions that are kept readable, ascending, and by how many. */
  pins(): readonly (readonly [revision: number, holders: number])[] {
    const pins = new Map(this.#pins)
    if (this.#cachedHolders > 0)
      pins.set(this.#cachedPin, (pins.get(this.#cachedPin) ?? 0) + this.#cachedHolders)
    return [...pins].sort(([a], [b]) => a - b)
  }

  /** Keeps `revision` readable until it is released. It must be readable now. */
  pin(revision: number): void {
    if (this.#cachedPin === revision) this.#cachedHolders++
    else if (this.#cachedHolders === 0) {
      this.#cachedPin = revision
      this.#cachedHolders = 1
    } else this.#pins.set(revision, (this.#pins.get(revision) ?? 0) + 1)
  }

  /** As `pin`, however far behind it is: for what does not wait for anybody else. Released by `releaseLasting`. */
  pinLasting(revision: number): void {
    this.pin(revision)
    this.#lasting.set(revision, (this.#lasting.get(revision) ?? 0) + 1)
  }

  /** Returns whether something waited for that. */
  releaseLasting(revision: number): boolean {
    const holders = this.#lasting.get(revision) ?? 0
    if (holders > 1) this.#lasting.set(revision, holders - 1)
    else this.#lasting.delete(revision)
    return this.release(revision)
  }

  /** Returns whether something waited for that. */
  release(revision: number): boolean {
    if (this.#cachedPin === revision && this.#cachedHolders > 0) this.#cachedHolders--
    else {
      const holders = this.#pins.get(revision)
      if (holders === undefined) return false
      if (holders > 1) this.#pins.set(revision, holders - 1)
      else this.#pins.delete(revision)
    }
    return revision === this.#cutTo && this.#waiting.length > 0 && !this.#isPinned(revision)
  }

  /**
   * Takes over a record that left the log. They come in order.
   *
   * @param logged how many are still in the log
   */
  retire(record: LogRecord, logged: number): void {
    this.#waiting.push(record)
    this.#logged = logged
  }

  /** Cuts a few of those records that nobody needs. */
  cutSome(): void {
    for (let count = 0; count < CUT_PER_WRITE && this.#cutNext() !== undefined; count++);
  }

  /** Cuts up to `changesMax` changes, by whole records; returns how many it did. */
  cut(changesMax: number): number {
    let count = 0
    while (count < changesMax) {
      const changes = this.#cutNext()
      if (changes === undefined) break
      // A record costs something, whatever is in it.
      count += Math.max(1, changes)
    }
    return count
  }

  #isPinned(revision: number): boolean {
    return (this.#cachedHolders > 0 && this.#cachedPin === revision) || this.#pins.has(revision)
  }

  #giveUp(revision: number): void {
    this.#pins.delete(revision)
    if (this.#cachedPin === revision) this.#cachedHolders = 0
  }

  #cutNext(): number | undefined {
    const record = this.#waiting[this.#first]
    if (record === undefined) return undefined
    if (this.#isPinned(this.#cutTo)) {
      this.#heldSince ??= this.#now()
      // Counted in records: revisions may have gaps.
      if (this.waitingCount + this.#logged <= this.#behindMax || this.#lasting.has(this.#cutTo))
        return undefined
      this.#giveUp(this.#cutTo)
    }
    this.#heldSince = undefined
    this.#first++
    this.#cutTo = record.revision
    cut(record)
    if (this.#first === this.#waiting.length) {
      this.#waiting.length = 0
      this.#first = 0
    } else if (this.#first > 1024 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    return record.changes.length
  }
}

/** No reader is older than this record: what came before its versions can go, and so can what it deleted. */
function cut({ changes }: LogRecord): void {
  for (const { entry, version } of changes) {
    const { space } = entry
    const { previous } = version
    if (previous !== undefined) {
      space.table.cut(entry, previous, version)
      version.previous = undefined
    }
    if (version.object === undefined) {
      space.digUp(entry, version)
      space.table.dropIfEmpty(space)
    }
  }
}
