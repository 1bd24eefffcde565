import type { Cancel } from '../../core/index.js'
import type { WatchFeed } from './watch-feed.js'
import type { WatchSource } from './watch-source.js'

/** Calls for a watcher before the log drops its oldest unread revision, also when writes elsewhere push it out. */
export class EvictionGuard {
  readonly #engine: WatchSource
  readonly #feed: WatchFeed
  readonly #act: () => void
  #disarm: Cancel | undefined = undefined
  #closed = false

  /** @param act called inside a commit, after it was told to everybody, or by `check`; it must not write */
  constructor(engine: WatchSource, feed: WatchFeed, act: () => void) {
    this.#engine = engine
    this.#feed = feed
    this.#act = act
  }

  /** True when the next write drops what is unread. */
  get isDue(): boolean {
    const { next } = this.#feed
    return typeof next === 'number' && this.#engine.committed.roomBehind(next) <= 0
  }

  /** Sees to it that `act` is called in time. Only inside a commit: what is due already rings at its end. */
  arm(): void {
    const { committed, alarms } = this.#engine
    const { next } = this.#feed
    if (this.#disarm !== undefined || this.#closed || typeof next !== 'number') return
    // Revisions may have gaps: it may come before that, and is set again then.
    this.#disarm = alarms.set(committed.head + Math.max(0, committed.roomBehind(next)), () => {
      this.#disarm = undefined
      this.check()
    })
  }

  /** As `arm`, once a commit is over. */
  check(): void {
    if (this.#closed) return
    if (this.isDue) this.#act()
    if (!this.isDue) this.arm()
  }

  close(): void {
    this.#closed = true
    this.#disarm?.()
  }
}
