import type { ChannelCursor } from '../engine/channel.js'

const NONE: readonly number[] = []

/** The revisions that a watcher has still to read: those before it came, then those of its channels, merged. */
export class WatchFeed {
  #backlog: readonly number[]
  readonly #cursors: readonly ChannelCursor[]
  /** The cursor of a watch of one kind. */
  readonly #only: ChannelCursor | undefined
  readonly #released: () => void
  #backlogIndex = 0

  /**
   * @param backlog ascending, all before what the cursors will find
   * @param released called once, when the cursors have left
   */
  constructor(backlog: readonly number[], cursors: readonly ChannelCursor[], released: () => void) {
    this.#backlog = backlog
    this.#cursors = cursors
    this.#only = cursors.length === 1 ? cursors[0] : undefined
    this.#released = released
  }

  /** The next unread revision; `lost` when it is no longer known. */
  get next(): number | 'lost' | undefined {
    if (this.#backlogIndex < this.#backlog.length) return this.#backlog[this.#backlogIndex]
    if (this.#only !== undefined) return this.#only.unread
    let first: number | undefined
    for (const cursor of this.#cursors) {
      const { unread } = cursor
      if (unread === 'lost') return unread
      if (unread !== undefined && (first === undefined || unread < first)) first = unread
    }
    return first
  }

  /** Whether all that is to come is in one channel. */
  get isSingle(): boolean {
    return this.#backlogIndex >= this.#backlog.length && this.#only !== undefined
  }

  /** The last revision that was told to a group with this watcher in it, 0 if there is none. */
  get toldTo(): number {
    return this.#only?.toldTo ?? 0
  }

  /** How many revisions came since the watcher did and are unread; one of several kinds may count as several. */
  get behind(): number {
    let behind = 0
    for (const cursor of this.#cursors) behind += cursor.behind
    return behind
  }

  /** Moves behind `next`, which is `revision`. */
  pass(revision: number): void {
    if (this.#backlogIndex < this.#backlog.length) this.#passBacklog()
    else if (this.#only !== undefined) this.#only.advance()
    else for (const cursor of this.#cursors) if (cursor.unread === revision) cursor.advance()
  }

  #passBacklog(): void {
    if (++this.#backlogIndex < this.#backlog.length) return
    this.#backlog = NONE
    this.#backlogIndex = 0
  }

  /** Reads by itself from now on, until it rests again. */
  leaveGroup(): void {
    this.#only?.leaveGroup()
  }

  /** Asks to be woken by every channel that has nothing left. */
  restWhereRead(): void {
    for (const cursor of this.#cursors) if (!cursor.resting && cursor.behind === 0) cursor.rest()
  }

  close(): void {
    for (const cursor of this.#cursors) cursor.leave()
    this.#released()
  }
}
