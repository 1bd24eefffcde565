import { CoalescedChanges } from './coalesced-changes.js'
import type { Engine } from './engine.js'
import type { WatchFeed } from './watch-feed.js'
import type { WatchFilter } from './watch-filter.js'

/** What a coalescer works on. */
export interface CoalescerOptions {
  readonly engine: Pick<Engine, 'log' | 'alarms'>
  readonly filter: WatchFilter
  readonly feed: WatchFeed
  readonly bufferLimit: number
  /** The revision up to which the watcher has been told everything. */
  readonly handled: () => number
}

/** Folds the unread revisions of one watcher: when they are too many, and before the log drops them. */
export class Coalescer {
  private readonly options: CoalescerOptions
  private folded: CoalescedChanges | undefined
  private guarded = false
  private closed = false

  constructor(options: CoalescerOptions) {
    this.options = options
  }

  /** What was folded since `take`. */
  get changes(): CoalescedChanges | undefined {
    return this.folded
  }

  take(): void {
    this.folded = undefined
  }

  close(): void {
    this.closed = true
    this.folded = undefined
  }

  foldIfBehind(): void {
    const { feed, bufferLimit } = this.options
    if (feed.behind > bufferLimit) this.fold()
  }

  /** Sees to it that what is unread is folded in time, also when writes elsewhere push it out of the log. */
  guard(): void {
    const { log, alarms } = this.options.engine
    const { feed } = this.options
    const { next } = feed
    if (this.guarded || this.closed || typeof next !== 'number') return
    this.guarded = true
    alarms.set(Math.max(next + log.capacity - 1, log.head + 1), () => {
      this.guarded = false
      if (this.closed) return
      const oldest = feed.next
      if (typeof oldest === 'number' && oldest + log.capacity - 1 <= log.head) this.fold()
      this.guard()
    })
  }

  /** All save the newest revision: the write that made it may still be telling of it. */
  private fold(): void {
    const { feed, filter, engine, handled } = this.options
    const { log } = engine
    for (
      let revision = feed.next;
      typeof revision === 'number' && revision < log.head;
      revision = feed.next
    ) {
      const record = log.get(revision)
      if (record === undefined) return
      this.folded ??= new CoalescedChanges(filter, handled())
      this.folded.add(record)
      feed.pass(revision)
    }
  }
}
