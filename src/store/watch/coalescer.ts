import { CoalescedChanges } from './coalesced-changes.js'
import type { WatchFeed } from './watch-feed.js'
import type { WatchFilter } from './watch-filter.js'
import type { WatchSource } from './watch-source.js'

/** What a coalescer works on. */
export interface CoalescerOptions {
  readonly engine: Pick<WatchSource, 'log'>
  readonly filter: WatchFilter
  readonly feed: WatchFeed
  readonly bufferLimit: number
  /** The revision up to which the watcher has been told everything. */
  readonly handled: () => number
}

/** Folds the unread revisions of one watcher: when they are too many, or when it is told to. */
export class Coalescer {
  readonly #options: CoalescerOptions
  #folded: CoalescedChanges | undefined

  constructor(options: CoalescerOptions) {
    this.#options = options
  }

  /** What was folded since `take`. */
  get changes(): CoalescedChanges | undefined {
    return this.#folded
  }

  take(): void {
    this.#folded = undefined
  }

  close(): void {
    this.#folded = undefined
  }

  /** The newest revision stays as it is: the write that made it may still be telling of it. */
  foldIfBehind(): void {
    const { feed, bufferLimit, engine } = this.#options
    if (feed.behind > bufferLimit) this.#fold(engine.log.head - 1)
  }

  /** Not while a write is telling of the newest revision. */
  foldAll(): void {
    this.#fold(this.#options.engine.log.head)
  }

  #fold(until: number): void {
    const { feed, filter, engine, handled } = this.#options
    const { log } = engine
    for (let revision = feed.next; typeof revision === 'number' && revision <= until; revision = feed.next) {
      const record = log.get(revision)
      if (record === undefined) return
      this.#folded ??= new CoalescedChanges(filter, handled())
      try {
        this.#folded.add(record)
      } catch {
        // A selector of the watcher's own has thrown. The writer must not hear of it; the watcher does when it reads on.
        return
      }
      feed.pass(revision)
    }
  }
}
