import { type Cancel, type Env, UsageError } from '../core/index.js'
import { SlowConsumerError } from './errors.js'
import type { StoredObject } from './object.js'
import type { RevisionLog } from './revision-log.js'
import { type InteropObservable, observableKey, observableOf } from './interop-observable.js'
import { batchOf, type WatchFilter } from './watch-events.js'
import type { Watch, WatchBatch } from './watch.js'
import type { Channel, Listener } from './watch-registry.js'

type Batch = WatchBatch<StoredObject>

/** What a watcher is made from. */
export interface WatcherOptions {
  readonly env: Env
  readonly log: RevisionLog
  readonly filter: WatchFilter
  readonly channel: Channel
  /** The revision after which it starts. */
  readonly since: number
  /** Matching revisions between `since` and now, ascending; the channel has the later ones. */
  readonly backlog: readonly number[]
  /** Comes before everything else. */
  readonly initial: Batch | undefined
  readonly signal: AbortSignal | undefined
  /** Called once at the end: nobody needs the channel for it any more. */
  readonly released: () => void
}

interface Waiter {
  readonly resolve: (result: IteratorResult<Batch>) => void
  readonly reject: (error: unknown) => void
}

interface Consumer {
  readonly listener: (batch: Batch) => void
  readonly ended: ((error?: unknown) => void) | undefined
}

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Revisions handled in one step; then others get their turn. */
const STEP_REVISIONS_MAX = 1_000

/** A cursor into the shared log, moved by steps of its `Env`. */
export class Watcher implements Watch<StoredObject>, Listener {
  private readonly options: WatcherOptions
  private state: State = { kind: 'open' }
  private mode: 'free' | 'listener' | 'iterator' = 'free'
  private consumer: Consumer | undefined
  private waiters: Waiter[] = []
  private cancelStep: Cancel | undefined
  private initial: Batch | undefined
  private backlogIndex = 0
  private cursor: number
  private handled: number
  /** Nothing newer is handed out before a step has made it visible. */
  private visible = -1
  private isResting = false
  private readonly onAbort: () => void

  constructor(options: WatcherOptions) {
    this.options = options
    const { channel, since, initial, signal } = options
    this.initial = initial
    this.cursor = channel.end
    this.handled = since
    this.onAbort = () => this.end({ kind: 'failed', error: signal?.reason })
    Object.defineProperty(this, observableKey(), {
      value: (): InteropObservable<Batch> => observableOf(this),
    })
    channel.join(this)
    signal?.addEventListener('abort', this.onAbort, { once: true })
    this.restIfIdle()
  }

  on(listener: (batch: Batch) => void, ended?: (error?: unknown) => void): Cancel {
    this.claim('listener')
    this.consumer = { listener, ended }
    if (this.state.kind !== 'open') this.reportEnd()
    else this.deliverIfWanted()
    return () => this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<Batch> {
    this.claim('iterator')
    return {
      next: () => this.next(),
      return: () => {
        this.close()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  close(): void {
    this.consumer = undefined
    this.end({ kind: 'done' })
  }

  [Symbol.dispose](): void {
    this.close()
  }

  wake(): void {
    this.isResting = false
    this.deliverIfWanted()
  }

  private deliverIfWanted(): void {
    // A dead world hears nothing; its watchers must not stay in the registry for ever.
    if (this.options.env.closed) this.close()
    else if (this.hasUnread && (this.consumer !== undefined || this.waiters.length > 0)) this.schedule()
  }

  storeClosed(): void {
    this.end({ kind: 'done' })
  }

  private claim(mode: 'listener' | 'iterator'): void {
    if (this.mode !== 'free') {
      throw new UsageError('this watch has a consumer already; open another watch for another consumer')
    }
    this.mode = mode
  }

  private next(): Promise<IteratorResult<Batch>> {
    const found = this.waiters.length === 0 ? this.takeOrFail() : undefined
    if (found !== undefined) return Promise.resolve({ done: false, value: found })
    if (this.state.kind === 'failed') {
      const { error } = this.state
      // The error is told once; a consumer that goes on reading finds the end.
      this.state = { kind: 'done' }
      return Promise.reject(error)
    }
    if (this.state.kind === 'done') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject })
      if (this.hasUnread) this.schedule()
    })
  }

  private schedule(): void {
    if (this.cancelStep !== undefined) return
    const { env, filter } = this.options
    const about = { kind: 'deliver', label: `deliver ${filter.table.kind.kind}` } as const
    this.cancelStep = env.tasks.defer(() => this.step(), about)
  }

  private step(): void {
    this.cancelStep = undefined
    this.visible = this.options.log.head
    for (let count = 0; count < STEP_REVISIONS_MAX && this.wanted; count++) {
      const batch = this.takeOrFail()
      if (batch === undefined) break
      this.hand(batch)
    }
    if (this.state.kind === 'open' && this.wanted && this.hasUnread) this.schedule()
  }

  private get wanted(): boolean {
    return this.consumer !== undefined || this.waiters.length > 0
  }

  private hand(batch: Batch): void {
    const waiter = this.waiters.shift()
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: batch })
      return
    }
    try {
      this.consumer?.listener(batch)
    } catch (error) {
      this.logError(error, `a watch listener threw at revision ${batch.revision}`)
    }
  }

  /** The next visible batch that means something to this watcher. Ends the watch when it fell off the log. */
  private takeOrFail(): Batch | undefined {
    if (this.state.kind !== 'open') return undefined
    if (this.visible < 0) return undefined
    const { initial } = this
    if (initial !== undefined) {
      this.initial = undefined
      this.restIfIdle()
      return initial
    }
    const { log, filter } = this.options
    for (;;) {
      const revision = this.unread()
      if (revision === undefined || (revision !== 'lost' && revision > this.visible)) return undefined
      const record = revision === 'lost' ? undefined : log.get(revision)
      if (record === undefined) {
        this.end({ kind: 'failed', error: new SlowConsumerError(this.handled, log.oldestStart) })
        return undefined
      }
      this.handled = record.revision
      if (this.backlogIndex < this.options.backlog.length) this.backlogIndex++
      else this.cursor++
      const batch = batchOf(record, filter)
      this.restIfIdle()
      if (batch !== undefined) return batch
    }
  }

  private unread(): number | 'lost' | undefined {
    const { backlog, channel } = this.options
    return this.backlogIndex < backlog.length ? backlog[this.backlogIndex] : channel.at(this.cursor)
  }

  private get hasUnread(): boolean {
    return this.initial !== undefined || this.unread() !== undefined
  }

  private restIfIdle(): void {
    if (this.isResting || this.hasUnread || this.state.kind !== 'open') return
    this.isResting = true
    this.options.channel.rest(this)
  }

  private end(state: State): void {
    if (this.state.kind !== 'open') return
    this.state = state
    this.initial = undefined
    this.cancelStep?.()
    this.cancelStep = undefined
    this.options.signal?.removeEventListener('abort', this.onAbort)
    this.options.channel.leave(this)
    this.options.released()
    this.reportEnd()
  }

  private reportEnd(): void {
    const { state, consumer } = this
    this.consumer = undefined
    const waiters = this.waiters
    this.waiters = []
    for (const waiter of waiters) {
      if (this.state.kind === 'failed') {
        waiter.reject(this.state.error)
        this.state = { kind: 'done' }
      } else waiter.resolve({ done: true, value: undefined })
    }
    try {
      if (state.kind === 'failed') consumer?.ended?.(state.error)
      else consumer?.ended?.()
    } catch (error) {
      this.logError(error, 'the end handler of a watch threw')
    }
  }

  private logError(error: unknown, message: string): void {
    this.options.env.logger.error({ err: error, kind: this.options.filter.table.kind.kind }, message)
  }
}
