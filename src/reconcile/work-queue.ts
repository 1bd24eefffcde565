import { type Env, InvalidError, systemEnv, UsageError } from '../core/index.js'
import { DelayHeap } from './delay-heap.js'
import { type KeyRecord, KeyTable, remember } from './key-table.js'
import { createQueueMetrics, type QueueMetrics } from './queue-metrics.js'
import { exponentialLimiter, type RateLimiter } from './rate-limiter.js'
import { ReadyList } from './ready-list.js'

/** How a work queue is made. */
export interface WorkQueueOptions<K> {
  /** Label of its metrics. Default `queue`. */
  readonly name?: string
  /** Default: the real environment. */
  readonly env?: Env
  /** Delays of `addRateLimited`. Default: exponential, 5 ms to 1000 s. */
  readonly limiter?: RateLimiter
  /** A string that is equal exactly for equal keys. Default: `String(key)`, right for strings and numbers. */
  readonly idOf?: (key: K) => string
  /** Called when a key has become ready to be taken, and when nothing is ready or in flight any more. */
  readonly notify?: (event: 'ready' | 'idle') => void
}

/** What the queue has counted for a key. */
export interface KeyHistory {
  /** Failures in a row. */
  readonly failures: number
  /** Lost write races in a row; a failure ends the row. */
  readonly conflicts: number
}

/** What the queue knows about one key. */
export interface KeyState<K> {
  readonly key: K
  /**
   * `ready`: can be taken. `processing`: a worker holds it. `held`: a worker holds it, and it is wanted again.
   * `delayed`: waits for its time. `resting`: only its failures are remembered.
   */
  readonly state: 'ready' | 'processing' | 'held' | 'delayed' | 'resting'
  /** Milliseconds until its delay ends; absent when it has none. */
  readonly dueInMs?: number
  readonly failures: number
  /** Why it is wanted: the last four distinct reasons, oldest first. */
  readonly reasons: readonly string[]
}

/**
 * A queue of keys, not of values: adding a key that is already wanted changes nothing.
 *
 * Guarantees: at most one worker holds a key; a key added while held is handed out again after `done`; keys
 * come out in the order in which they became ready; a key has one due time, the earliest asked for, and an
 * immediate add takes the place of a delayed one. Memory is one record per key that is wanted, held, delayed
 * or failing, so the number of distinct keys is the only bound.
 */
export interface WorkQueue<K> {
  /** Keys that can be taken now. */
  readonly length: number
  /** Keys that workers hold. */
  readonly inFlight: number
  /** Keys that wait for their time. */
  readonly delayed: number
  /** Keys with at least one failure remembered. */
  readonly failing: number
  readonly shuttingDown: boolean
  /** Wants `key` now. Dropped after `shutDown`. */
  add(key: K, reason?: string): void
  /**
   * Wants `key` in `ms` milliseconds at the latest.
   *
   * @throws InvalidError unless `ms` is finite and ≥ 0
   */
  addAfter(key: K, ms: number, reason?: string): void
  /** Counts one more failure of `key` and wants it after the limiter's delay, which is returned. */
  addRateLimited(key: K, reason?: string): number
  /** Counts one more lost write race of `key`, without wanting it. */
  countConflict(key: K): void
  /** Counts one more failure of `key`, without wanting it. */
  countFailure(key: K): void
  /** Sets the failures and conflicts of `key` to none. */
  forget(key: K): void
  /** What was counted for `key` since the last `forget`. */
  history(key: K): KeyHistory
  /** Takes the first ready key, or undefined when there is none. Call `done` when its work has ended. */
  get(): K | undefined
  /** As `get`, waiting for a key; waiters are served in order. Undefined when nothing is ready after `shutDown`. */
  next(): Promise<K | undefined>
  /**
   * Says that work on a taken key only now begins to read: adds up to this moment are served by it.
   *
   * @throws UsageError when no worker holds `key`
   */
  begin(key: K): void
  /**
   * Gives a taken key back.
   *
   * @throws UsageError when no worker holds `key`
   */
  done(key: K): void
  /** Drops every wish for `key`, immediate, held or delayed; true when there was one. Its worker goes on. */
  cancel(key: K): boolean
  /** Drops later adds and all delayed keys. Ready and held keys are still handed out. Ends a pending `drain`. */
  shutDown(): void
  /** Shuts down, and resolves when nothing is ready or in flight any more, or at the next `shutDown`. */
  drain(): Promise<void>
  /** What is known about `key`; undefined when it is idle and has no failures. */
  inspect(key: K): KeyState<K> | undefined
  /** Every key that `inspect` knows: ready ones first, in order, then the others. */
  list(): readonly KeyState<K>[]
  /** True when nothing is ready, in flight, or delayed until now or earlier. */
  isQuiet(): boolean
}

/** Makes an empty queue. */
export function createWorkQueue<K = string>(options: WorkQueueOptions<K> = {}): WorkQueue<K> {
  return new RecordQueue(options)
}

/** Queue, delay heap and limiter as three views of one key table. */
class RecordQueue<K> implements WorkQueue<K> {
  readonly #env: Env
  readonly #table: KeyTable<K>
  readonly #ready = new ReadyList<K>()
  readonly #delays: DelayHeap<K>
  readonly #limiter: RateLimiter
  readonly #metrics: QueueMetrics
  readonly #notify: (event: 'ready' | 'idle') => void
  #waiters: ((key: K | undefined) => void)[] = []
  #drainers: (() => void)[] = []
  #inFlight = 0
  #failing = 0
  #shuttingDown = false

  constructor(options: WorkQueueOptions<K>) {
    const { name = 'queue', env = systemEnv, limiter = exponentialLimiter(), idOf = String, notify } = options
    this.#env = env
    this.#limiter = limiter
    this.#table = new KeyTable(idOf)
    this.#delays = new DelayHeap({ clock: env.clock, due: record => this.#want(record) })
    this.#metrics = createQueueMetrics(env.metrics, name)
    this.#notify = notify ?? (() => {})
  }

  get length(): number {
    return this.#ready.length
  }
  get inFlight(): number {
    return this.#inFlight
  }
  get delayed(): number {
    return this.#delays.size
  }
  get failing(): number {
    return this.#failing
  }
  get shuttingDown(): boolean {
    return this.#shuttingDown
  }

  add(key: K, reason?: string): void {
    if (this.#shuttingDown) return
    const record = this.#table.open(key)
    remember(record, reason)
    this.#delays.remove(record)
    this.#want(record)
  }

  addAfter(key: K, ms: number, reason?: string): void {
    assertDelay(ms)
    if (this.#shuttingDown) return
    this.#metrics.retried()
    if (ms === 0) return this.add(key, reason)
    const record = this.#table.open(key)
    remember(record, reason)
    if (!record.dirty) this.#delays.waitAtMost(record, ms)
  }

  addRateLimited(key: K, reason?: string): number {
    const delayMs = this.#limiter.delayMs(this.history(key).failures)
    this.countFailure(key)
    this.addAfter(key, delayMs, reason)
    return delayMs
  }

  countConflict(key: K): void {
    this.#table.open(key).conflicts++
  }

  countFailure(key: K): void {
    const record = this.#table.open(key)
    if (record.failures++ === 0) this.#failing++
    record.conflicts = 0
  }

  forget(key: K): void {
    const record = this.#table.find(key)
    if (record === undefined) return
    if (record.failures > 0) this.#failing--
    record.failures = 0
    record.conflicts = 0
    this.#table.release(record)
  }

  history(key: K): KeyHistory {
    const { failures = 0, conflicts = 0 } = this.#table.find(key) ?? {}
    return { failures, conflicts }
  }

  get(): K | undefined {
    const record = this.#ready.shift()
    if (record === undefined) return undefined
    const now = this.#env.clock.monotonic()
    record.dirty = false
    record.processing = true
    record.takenAtMs = now
    record.reasons = []
    this.#inFlight++
    this.#metrics.depth(this.#ready.length)
    this.#metrics.taken(now - record.dirtySinceMs)
    return record.key
  }

  next(): Promise<K | undefined> {
    const key = this.get()
    if (key !== undefined || this.#shuttingDown) return Promise.resolve(key)
    return new Promise(resolve => this.#waiters.push(resolve))
  }

  begin(key: K): void {
    this.#held(key, 'begin').dirty = false
  }

  done(key: K): void {
    const record = this.#held(key, 'done')
    record.processing = false
    this.#inFlight--
    this.#metrics.done(this.#env.clock.monotonic() - record.takenAtMs)
    if (record.dirty) this.#enqueue(record)
    else this.#table.release(record)
    this.#settle()
  }

  cancel(key: K): boolean {
    const record = this.#table.find(key)
    if (record === undefined) return false
    const wanted = this.#delays.remove(record) || record.dirty
    this.#ready.remove(record)
    record.dirty = false
    record.reasons = []
    this.#metrics.depth(this.#ready.length)
    this.#table.release(record)
    this.#settle()
    return wanted
  }

  shutDown(): void {
    this.#shuttingDown = true
    for (const record of this.#delays.clear()) this.#table.release(record)
    // A held key is handed out to the worker that gives it back, so nobody needs to wait for it.
    for (const waiter of this.#waiters.splice(0)) waiter(undefined)
    this.#releaseDrainers()
    this.#settle()
  }

  drain(): Promise<void> {
    this.shutDown()
    if (this.#isIdle()) return Promise.resolve()
    return new Promise(resolve => this.#drainers.push(resolve))
  }

  inspect(key: K): KeyState<K> | undefined {
    const record = this.#table.find(key)
    return record === undefined ? undefined : this.#stateOf(record)
  }

  list(): readonly KeyState<K>[] {
    const states: KeyState<K>[] = []
    for (let next = this.#ready.head; next !== undefined; next = next.after) states.push(this.#stateOf(next))
    for (const record of this.#table.values()) if (!record.inReadyList) states.push(this.#stateOf(record))
    return states
  }

  isQuiet(): boolean {
    if (!this.#isIdle()) return false
    const next = this.#delays.nextAtMs
    return next === undefined || next > this.#env.clock.monotonic()
  }

  /** Marks the record dirty; queues it unless a worker holds it. */
  #want(record: KeyRecord<K>): void {
    if (record.dirty) return
    record.dirty = true
    record.dirtySinceMs = this.#env.clock.monotonic()
    this.#metrics.added()
    if (!record.processing) this.#enqueue(record)
  }

  #enqueue(record: KeyRecord<K>): void {
    this.#ready.push(record)
    const waiter = this.#waiters.shift()
    if (waiter === undefined) {
      this.#metrics.depth(this.#ready.length)
      this.#notify('ready')
    } else waiter(this.get())
  }

  #held(key: K, call: string): KeyRecord<K> {
    const record = this.#table.find(key)
    if (record?.processing) return record
    throw new UsageError(
      `${call}() of a key that no worker holds; call it once per key that get() returned`,
      { key },
    )
  }

  #isIdle(): boolean {
    return this.#ready.length === 0 && this.#inFlight === 0
  }

  #settle(): void {
    if (!this.#isIdle()) return
    this.#releaseDrainers()
    this.#notify('idle')
  }

  #releaseDrainers(): void {
    for (const release of this.#drainers.splice(0)) release()
  }

  #stateOf(record: KeyRecord<K>): KeyState<K> {
    const { key, dirty, processing, slot, failures, reasons } = record
    const state = processing
      ? dirty
        ? 'held'
        : 'processing'
      : dirty
        ? 'ready'
        : slot === -1
          ? 'resting'
          : 'delayed'
    const due = slot === -1 ? {} : { dueInMs: Math.max(0, record.at - this.#env.clock.monotonic()) }
    return { key, state, ...due, failures, reasons: [...reasons] }
  }
}

function assertDelay(ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return
  throw new InvalidError('delay', [
    { field: 'ms', value: ms, message: 'must be a finite number of milliseconds ≥ 0' },
  ])
}
