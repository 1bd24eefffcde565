import type { Cancel, Env } from '../../core/index.js'
import { UsageError } from '../../core/index.js'
import { callListener, onRejected } from '../../core/internal.js'
import type { Blocker } from '../engine/back-pressure.js'
import type { ChannelListener } from '../engine/channel.js'
import { ChannelCursor } from '../engine/channel.js'
import type { Receiver, StepPlace } from '../engine/delivery-steps.js'
import type { KindTable } from '../engine/kind-table.js'
import type { LogRecord } from '../engine/revision-log.js'
import type { StoredObject } from '../object/object.js'
import { SlowConsumerError } from '../object/store-errors.js'
import { startBookmarkTimer } from './bookmark-timer.js'
import { Coalescer } from './coalescer.js'
import { EvictionGuard } from './eviction-guard.js'
import { offerBatches } from './observable-watch.js'
import type { Watch } from './watch.js'
import type { Batch, Consumer, State, Waiter } from './watch-consumer.js'
import { batchOf } from './watch-events.js'
import { WatchFeed } from './watch-feed.js'
import { everythingOf } from './watch-filter.js'
import type { WatcherOptions, WatcherStart } from './watcher-options.js'

const OPEN: State = { kind: 'open' }

/** A cursor into the shared log, moved by steps of its `Env`. */
export class Watcher implements Watch<StoredObject>, ChannelListener, Receiver, Blocker {
  readonly fellBehind?: () => void
  readonly #options: WatcherOptions
  readonly #feed: WatchFeed
  readonly #everything: KindTable | undefined
  /** True when something must be looked at before each revision. */
  readonly #limited: boolean
  #state: State = OPEN
  #mode: 'free' | 'listener' | 'iterator' = 'free'
  #consumer: Consumer | undefined
  #waiters: Waiter[] = []
  #place: StepPlace | undefined
  #initial: Batch | undefined
  readonly #coalescer: Coalescer | undefined = undefined
  readonly #guard: EvictionGuard | undefined = undefined
  /** The last revision that was told, or looked at and found to hold nothing. */
  #handled: number
  /** Nothing newer is handed out before a step has made it visible. */
  #visible = -1
  /** `due`: if there is something new to say. `asked`: in any case. */
  #bookmark: 'none' | 'due' | 'asked' = 'none'
  #cancelBookmark: Cancel | undefined
  readonly #onAbort: () => void

  constructor(options: WatcherOptions, { since, backlog, initial }: WatcherStart) {
    this.#options = options
    const { channels, signal, slowConsumer, bookmarks } = options
    this.#initial = initial
    this.#handled = since
    this.#everything = everythingOf(options.filter)
    this.#limited = slowConsumer !== 'close' || options.bufferLimit !== Number.POSITIVE_INFINITY
    // Only these cost a write more than waking them, so only they are asked.
    if (slowConsumer !== 'close') this.fellBehind = () => this.#keepUp()
    const cursors = channels.map(channel => new ChannelCursor(channel, this))
    this.#feed = new WatchFeed(backlog, cursors, options.released)
    const onAbort = (): void => this.#end({ kind: 'failed', error: signal?.reason })
    this.#onAbort = onAbort
    offerBatches(this)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#feed.restWhereRead()
    if (slowConsumer === 'coalesce')
      this.#coalescer = new Coalescer({ ...options, feed: this.#feed, handled: () => this.#handled })
    if (slowConsumer !== 'close') {
      this.#guard = new EvictionGuard(options.engine, this.#feed, () => this.#makeRoom())
      this.#guard.check()
    }
    if (bookmarks) this.#cancelBookmark = this.#startBookmarks()
  }

  get env(): Env {
    return this.#options.env
  }

  get label(): string {
    return `deliver ${this.#options.filter.map(({ table }) => table.kind.kind).join(', ')}`
  }

  get owner(): Env | undefined {
    return this.#options.owner
  }

  get revision(): number {
    if (this.#state.kind !== 'open') return this.#handled
    if (this.#initial !== undefined) return 0
    if (this.#coalescer?.changes !== undefined) return this.#handled
    const { next } = this.#feed
    if (next === undefined) return this.#options.engine.log.head
    return next === 'lost' ? this.#toldTo : Math.max(this.#toldTo, next - 1)
  }

  on(listener: (batch: Batch) => void, ended?: (error?: unknown) => void): Cancel {
    this.#claim('listener')
    this.#consumer = { listener, ended }
    if (this.#state.kind !== 'open') this.#reportEnd()
    else this.#deliverIfWanted()
    return () => this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch> {
    this.#claim('iterator')
    return {
      next: () => this.#next(),
      return: () => {
        this.close()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  requestProgress(): void {
    if (this.#state.kind !== 'open') return
    this.#bookmark = 'asked'
    this.#deliverIfWanted()
  }

  close(): void {
    this.#consumer = undefined
    this.#end({ kind: 'done' })
  }

  [Symbol.dispose](): void {
    this.close()
  }

  wake(): void {
    this.#deliverIfWanted()
  }

  storeClosed(failure?: Error): void {
    this.#end(failure === undefined ? { kind: 'done' } : { kind: 'failed', error: failure })
  }

  giveUp(): void {
    this.#endTooSlow()
  }

  missed(lastRevision: number): void {
    const { oldestStart } = this.#options.engine.log
    this.#end({ kind: 'failed', error: new SlowConsumerError(lastRevision, oldestStart) }, lastRevision)
  }

  #deliverIfWanted(): void {
    // A closed env runs no steps; its watchers must not stay in the registry.
    if (this.env.closed) this.close()
    else if (this.#wanted && this.#hasUnread) this.#schedule()
  }

  #claim(mode: 'listener' | 'iterator'): void {
    if (this.#mode !== 'free') {
      throw new UsageError('this watch has a consumer already; open another watch for another consumer')
    }
    this.#mode = mode
  }

  #next(): Promise<IteratorResult<Batch>> {
    const found = this.#waiters.length === 0 ? this.#take() : undefined
    if (found !== undefined) return Promise.resolve({ done: false, value: found })
    if (this.#state.kind === 'failed') {
      const { error } = this.#state
      // The error is told once; a consumer that reads on finds the end.
      this.#state = { kind: 'done' }
      return Promise.reject(error)
    }
    if (this.#state.kind === 'done') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (this.#hasUnread) this.#schedule()
    })
  }

  get follows(): boolean {
    const isPlain = this.#initial === undefined && !this.#limited && this.#feed.isSingle
    return isPlain && this.#consumer !== undefined
  }

  recordAt(revision: number): LogRecord | undefined {
    return this.#options.engine.log.get(revision)
  }

  tellRecord(record: LogRecord): boolean {
    const everything = this.#everything
    const whole = everything !== undefined && record.table === everything ? record.whole : undefined
    const batch = whole ?? this.#batchOf(record)
    const consumer = this.#consumer
    if (batch === undefined || consumer === undefined) return false
    this.#tell(consumer, batch)
    return true
  }

  goAlone(): void {
    this.#feed.leaveGroup()
    this.#deliverIfWanted()
  }

  /** A watcher of several kinds is served with those of its first one. */
  #schedule(): void {
    this.#place ??= this.#options.channels[0]?.steps.join(this)
  }

  receive(revisionsMax: number): number {
    this.#place = undefined
    this.#visible = this.#options.engine.log.head
    this.#feed.leaveGroup()
    let count = 0
    while (count < revisionsMax && this.#wanted) {
      const batch = this.#take()
      if (batch === undefined) break
      count++
      this.#hand(batch)
    }
    if (this.#state.kind === 'open') {
      if (!this.#hasUnread) this.#feed.restWhereRead()
      else if (this.#wanted) this.#schedule()
    }
    return count
  }

  /** The last revision that was handled, by itself or in a group. */
  get #toldTo(): number {
    return Math.max(this.#handled, this.#feed.toldTo)
  }

  get #wanted(): boolean {
    return this.#consumer !== undefined || this.#waiters.length > 0
  }

  #hand(batch: Batch): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) waiter.resolve({ done: false, value: batch })
    else if (this.#consumer !== undefined) this.#tell(this.#consumer, batch)
  }

  #tell({ listener }: Consumer, batch: Batch): void {
    try {
      const returned: unknown = listener(batch)
      if (returned !== undefined) this.#logRejection(returned, batch)
    } catch (error) {
      this.#logError(error, `a watch listener threw at revision ${batch.revision}`)
    }
  }

  #logRejection(returned: unknown, { revision }: Batch): void {
    onRejected(returned, error => this.#logError(error, `a watch listener threw at revision ${revision}`))
  }

  /** The next visible batch that means something to this watcher. Ends the watch when it is too far behind. */
  #take(): Batch | undefined {
    if (this.#state.kind !== 'open' || this.#visible < 0) return undefined
    const initial = this.#initial
    const coalescer = this.#coalescer
    const coalesced = coalescer?.changes
    if (initial !== undefined) {
      this.#initial = undefined
      return initial
    }
    const { slowConsumer, bufferLimit } = this.#options
    if (
      slowConsumer === 'close' &&
      bufferLimit !== Number.POSITIVE_INFINITY &&
      this.#feed.behind > bufferLimit
    ) {
      this.#endTooSlow()
      return undefined
    }
    if (coalesced !== undefined) {
      if (coalesced.revision > this.#visible) return undefined
      coalescer?.take()
      this.#handled = coalesced.revision
      const batch = coalesced.batch()
      if (batch !== undefined) return batch
    }
    return this.#takeRevision() ?? this.#takeBookmark()
  }

  #takeRevision(): Batch | undefined {
    const feed = this.#feed
    const { engine, bufferLimit } = this.#options
    for (;;) {
      const revision = feed.next
      if (revision === undefined) {
        feed.restWhereRead()
        return undefined
      }
      if (revision !== 'lost' && revision > this.#visible) return undefined
      const record = revision === 'lost' ? undefined : engine.log.get(revision)
      if (record === undefined) {
        this.#endTooSlow()
        return undefined
      }
      this.#handled = record.revision
      feed.pass(record.revision)
      if (this.fellBehind !== undefined) {
        feed.restWhereRead()
        if (feed.behind <= bufferLimit && this.#guard?.isDue === false) engine.pressure.remove(this)
        if (this.#coalescer === undefined) this.#guard?.check()
      }
      const batch = this.#batchOf(record)
      if (batch !== undefined || this.#state.kind !== 'open') return batch
    }
  }

  /** A selector of the reader's own may throw. That is the end of its watch; nobody else hears of it. */
  #batchOf(record: LogRecord): Batch | undefined {
    try {
      return batchOf(record, this.#options.filter)
    } catch (error) {
      this.#end({ kind: 'failed', error })
      return undefined
    }
  }

  #takeBookmark(): Batch | undefined {
    const { head } = this.#options.engine.log
    // Nothing matching is unread here, but what came after the last step is not visible yet.
    if (this.#bookmark === 'none' || this.#state.kind !== 'open' || this.#visible !== head) return undefined
    const isNews = this.#bookmark === 'asked' || head > this.#toldTo
    this.#bookmark = 'none'
    this.#handled = head
    return isNews ? Object.freeze({ revision: head, events: [], bookmark: true }) : undefined
  }

  get #hasUnread(): boolean {
    return (
      this.#initial !== undefined ||
      this.#coalescer?.changes !== undefined ||
      this.#bookmark !== 'none' ||
      this.#feed.next !== undefined
    )
  }

  #startBookmarks(): Cancel {
    const { engine, env } = this.#options
    const due = (): void => {
      if (this.#bookmark === 'none') this.#bookmark = 'due'
      this.#deliverIfWanted()
    }
    return startBookmarkTimer({ engine, env, told: () => this.#toldTo, due })
  }

  #keepUp(): void {
    if (this.#coalescer !== undefined) this.#coalescer.foldIfBehind()
    else if (this.#feed.behind > this.#options.bufferLimit) this.#makeRoom()
    this.#guard?.arm()
  }

  /** Without it, the log would drop what is unread. */
  #makeRoom(): void {
    if (this.#coalescer !== undefined) this.#coalescer.foldAll()
    else this.#options.engine.pressure.add(this)
  }

  #endTooSlow(): void {
    const { log } = this.#options.engine
    this.#end({ kind: 'failed', error: new SlowConsumerError(this.revision, log.oldestStart) })
  }

  #end(state: State, handled = this.revision): void {
    if (this.#state.kind !== 'open') return
    this.#handled = handled
    this.#state = state
    this.#initial = undefined
    this.#coalescer?.close()
    this.#guard?.close()
    if (this.#place !== undefined) this.#options.channels[0]?.steps.leave(this.#place)
    this.#place = undefined
    this.#cancelBookmark?.()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#feed.close()
    this.#options.engine.pressure.remove(this)
    this.#reportEnd()
  }

  #reportEnd(): void {
    const state = this.#state
    const consumer = this.#consumer
    this.#consumer = undefined
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (this.#state.kind === 'failed') {
        waiter.reject(this.#state.error)
        this.#state = { kind: 'done' }
      } else waiter.resolve({ done: true, value: undefined })
    }
    callListener(
      () => (state.kind === 'failed' ? consumer?.ended?.(state.error) : consumer?.ended?.()),
      error => this.#logError(error, 'the end handler of a watch threw'),
    )
  }

  #logError(error: unknown, message: string): void {
    this.env.logger.error({ err: error, watch: this.label }, message)
  }
}
