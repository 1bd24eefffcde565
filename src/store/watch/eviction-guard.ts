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
    const { log } = this.#engine
    const { next } = this.#feed
    return typeof next === 'number' && next + log.capacity - 1 <= log.head
  }

  /** Sees to it that `act` is called in time. Only inside a commit: what is due already rings at its end. */
  arm(): void {
    const { log, alarms } = this.#engine
    const { next } = this.#feed
    if (this.#disarm !== undefined || this.#closed || typeof next !== 'number') return
    this.#disarm = alarms.set(Math.max(next + log.capacity - 1, log.head), () => {
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
