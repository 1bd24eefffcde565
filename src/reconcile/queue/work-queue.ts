import type { Env } from '../../core/index.js'
import { InvalidError, systemEnv, UsageError } from '../../core/index.js'
import { assertKnown, assertValid, callListener, knownOptions, wholeNumber } from '../../core/internal.js'
import { exponentialLimiter } from '../limiters/exponential-limiter.js'
import type { KeyHistory, RateLimiter } from '../limiters/rate-limiter.js'
import { isDelay, noFailures } from '../limiters/rate-limiter.js'
import { Delays } from './delays.js'
import { FairClasses } from './fair-classes.js'
import type { KeyIndex } from './key-index.js'
import { TextIndex } from './key-index.js'
import type { KeyRecord, ReadyOrder } from './key-record.js'
import { KeyTable } from './key-table.js'
import { PriorityLevels } from './priority-levels.js'
import { priorityOf } from './priority-option.js'
import type { QueueMetrics } from './queue-metrics.js'
import { createQueueMetrics } from './queue-metrics.js'
import { TurnClock } from './turn-clock.js'
import type {
  AddAfterOptions,
  AddOptions,
  KeyState,
  WorkQueue,
  WorkQueueOptions,
} from './work-queue-contract.js'

/**
 * Makes an empty queue.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function createWorkQueue<K = string>(options: WorkQueueOptions<K> = {}): WorkQueue<K> {
  assertKnown(options, QUEUE_OPTIONS)
  return new RecordQueue(options)
}

const QUEUE_OPTIONS = /* @__PURE__ */ knownOptions<WorkQueueOptions<unknown>>('createWorkQueue', {
  name: true,
  env: true,
  limiter: true,
  idOf: true,
  ageMs: true,
  fairness: true,
  keysMax: true,
  idleKeysMax: true,
  notify: true,
})

/** Queue, delays and limiter as three views of one key table. Whoever holds a record need not look it up by key. */
export class RecordQueue<K> implements WorkQueue<K> {
  readonly #env: Env
  readonly #table: KeyTable<K>
  readonly #ready: ReadyOrder<K>
  readonly #delays: Delays<K>
  readonly #limiter: RateLimiter
  readonly #metrics: QueueMetrics
  readonly #clock: TurnClock
  readonly #notify: ((event: 'ready' | 'idle') => void) | undefined
  #waiters: ((key: K | undefined) => void)[] = []
  #drainers: (() => void)[] = []
  #inFlight = 0
  #failing = 0
  #latestReason: readonly string[] = []
  #shuttingDown = false

  /** @param index default: by the text that `idOf` makes of a key */
  constructor(options: WorkQueueOptions<K>, index?: KeyIndex<K>) {
    const { name = 'queue', env = systemEnv, limiter = exponentialLimiter(), idOf = String, notify } = options
    const { ageMs = 100, fairness, keysMax = 10_000_000, idleKeysMax = 16_384 } = options
    check(ageMs > 0, 'ageMs', ageMs, 'must be a number above 0, or Infinity')
    assertValid('queue', [
      ...wholeNumber('keysMax', keysMax, { min: 1 }),
      ...wholeNumber('idleKeysMax', idleKeysMax),
    ])
    this.#env = env
    const failed = (err: unknown): void => env.logger.error({ queue: name, err }, 'the metrics threw')
    // At the end of a turn there is no caller that an error could go to.
    this.#clock = new TurnClock(env.clock, () => callListener(() => this.#reportDepth(), failed))
    this.#limiter = limiter
    this.#table = new KeyTable({
      index: index ?? new TextIndex(idOf),
      classOf: fairness?.classOf,
      keysMax,
      idleKeysMax,
    })
    this.#ready =
      fairness === undefined ? new PriorityLevels(ageMs) : new FairClasses(fairness.weights ?? {}, ageMs)
    this.#delays = new Delays({ clock: env.clock, due: record => this.#matured(record) })
    this.#metrics = createQueueMetrics(env.metrics, name)
    // Not assigned where it is written: V8 makes such a function old at once, and with it all that it sees.
    const told = (event: 'ready' | 'idle'): void => {
      try {
        notify?.(event)
      } catch (error) {
        env.logger.error({ queue: name, event, err: error }, 'the notify of a queue threw')
      }
    }
    this.#notify = notify === undefined ? undefined : told
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

  add(key: K, options?: AddOptions): void {
    const priority = priorityOf(options) ?? 0
    if (this.#shuttingDown) return this.#metrics.dropped()
    const record = this.#table.open(key)
    if (options?.reason !== undefined) this.#remember(record, options.reason)
    if (record.isWanted) this.#hasten(record, priority)
    else record.priority = priority
    if (!record.dirty) this.#want(record)
  }

  addAfter(key: K, ms: number, options?: AddAfterOptions): void {
    check(isDelay(ms), 'ms', ms, 'must be a finite number of milliseconds ≥ 0')
    const priority = priorityOf(options)
    if (this.#shuttingDown) return this.#drop(options)
    this.#metrics.retried()
    const record = this.#table.open(key)
    if (options?.reason !== undefined) this.#remember(record, options.reason)
    this.#raise(record, priority ?? (record.processing ? record.priority : 0))
    if (record.dirty) options?.refund?.()
    else if (ms === 0) this.#wantNow(record)
    else if (this.#delays.waitAtMost(record, ms)) {
      refund(record)
      record.refund = options?.refund
    } else options?.refund?.()
  }

  addRateLimited(key: K, options?: AddOptions): number {
    const { ms, refund } = this.#limiter.delay(this.history(key))
    const isGivenUp = ms === Number.POSITIVE_INFINITY
    check(isDelay(ms) || isGivenUp, 'delay', ms, 'of the limiter must be a number ≥ 0')
    priorityOf(options)
    this.countFailure(key, ms)
    if (!isGivenUp) this.addAfter(key, ms, refund === undefined ? options : { ...options, refund })
    return ms
  }

  countConflict(key: K): void {
    const record = this.#table.open(key)
    const { failures, conflicts, delayMs } = record.history
    record.history = { failures, conflicts: conflicts + 1, ...(delayMs === undefined ? {} : { delayMs }) }
  }

  countFailure(key: K, delayMs?: number): void {
    const record = this.#table.open(key)
    const { failures, conflicts } = record.history
    if (failures === 0) this.#failing++
    record.history = { failures: failures + 1, conflicts, ...(delayMs === undefined ? {} : { delayMs }) }
  }

  forget(key: K): void {
    const record = this.#table.find(key)
    if (record !== undefined) this.forgetFailures(record)
  }

  /** What `forget` does, by record. */
  forgetFailures(record: KeyRecord<K>): void {
    if (record.history === noFailures) return
    if (record.history.failures > 0) this.#failing--
    record.history = noFailures
    this.#table.release(record)
  }

  history(key: K): KeyHistory {
    return this.#table.find(key)?.history ?? noFailures
  }

  get(): K | undefined {
    return this.take()?.key
  }

  /**
   * What `get` does; the record of the key, until it is given back.
   *
   * @param nowMs monotonic, where the clock was just read
   */
  take(nowMs?: number): KeyRecord<K> | undefined {
    const record = this.#ready.shift()
    if (record === undefined) return undefined
    const now = nowMs ?? this.#clock.now()
    const waitedMs = now - record.readyAtMs
    record.wantedAtMs = undefined
    record.takenAtMs = now
    record.forgetReasons()
    this.#table.take(record)
    this.#inFlight++
    this.#metrics.taken(waitedMs)
    this.#report()
    return record
  }

  next(): Promise<K | undefined> {
    const key = this.get()
    if (key !== undefined || this.#shuttingDown) return Promise.resolve(key)
    return new Promise(resolve => this.#waiters.push(resolve))
  }

  begin(key: K): void {
    this.#held(key, 'begin').wantedAtMs = undefined
  }

  done(key: K): void {
    this.giveBack(this.#held(key, 'done'))
  }

  /**
   * What `done` does, by record.
   *
   * @param nowMs monotonic, where the clock was just read
   */
  giveBack(record: KeyRecord<K>, nowMs: number = this.#clock.now()): void {
    const workedMs = nowMs - (record.takenAtMs ?? nowMs)
    record.takenAtMs = undefined
    this.#inFlight--
    this.#metrics.done(workedMs)
    if (record.dirty) this.#enqueue(record)
    else this.#table.release(record)
    this.#settle()
  }

  cancel(key: K): boolean {
    const record = this.#table.find(key)
    if (record === undefined || !record.isWanted) return false
    if (this.#delays.remove(record)) refund(record)
    if (record.level !== undefined) this.#ready.remove(record)
    record.wantedAtMs = undefined
    record.forgetReasons()
    this.#report()
    this.#table.release(record)
    this.#settle()
    return true
  }

  shutDown(): void {
    this.#shuttingDown = true
    for (const record of this.#delays.clear()) {
      refund(record)
      record.forgetReasons()
      this.#table.release(record)
    }
    // A held key is handed out to the worker that gives it back, so no other waiter is needed.
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
    return record === undefined || record.isIdle ? undefined : this.#stateOf(record)
  }

  list(): readonly KeyState<K>[] {
    const others = [...this.#table.values()].filter(record => record.level === undefined)
    return [...this.#ready.inOrder(), ...others].map(record => this.#stateOf(record))
  }

  oldest(): KeyState<K> | undefined {
    const record = this.#ready.oldest()
    return record === undefined ? undefined : this.#stateOf(record)
  }

  isQuiet(): boolean {
    return this.#isIdle() && this.#delays.nextAtMs > this.#env.clock.monotonic()
  }

  #matured(record: KeyRecord<K>): void {
    this.#clock.turnEnded()
    record.refund = undefined
    this.#want(record)
  }

  /** Most keys are wanted for one reason, the same as the key before: their list is one. */
  #remember(record: KeyRecord<K>, reason: string): void {
    if (this.#latestReason[0] !== reason) this.#latestReason = [reason]
    record.remember(reason, this.#latestReason)
  }

  /** A wish begins with its own priority and can only rise. */
  #raise(record: KeyRecord<K>, priority: number): void {
    if (priority <= record.priority && record.isWanted) return
    record.priority = priority
    if (record.level !== undefined) this.#ready.raise(record, this.#clock.now())
  }

  /** A key that is wanted is wanted at this priority too, and does not wait for a time any more. */
  #hasten(record: KeyRecord<K>, priority: number): void {
    this.#raise(record, priority)
    if (this.#delays.remove(record)) refund(record)
  }

  /** Marks a record dirty that is not; queues it unless a worker holds it. */
  #want(record: KeyRecord<K>): void {
    this.#metrics.added()
    if (!record.processing) return this.#enqueue(record)
    record.wantedAtMs = this.#clock.now()
    this.#report()
  }

  #wantNow(record: KeyRecord<K>): void {
    if (this.#delays.remove(record)) refund(record)
    this.#want(record)
  }

  #enqueue(record: KeyRecord<K>): void {
    this.#ready.push(record, this.#clock.now())
    this.#report()
    if (this.#waiters.length === 0) this.#notify?.('ready')
    else this.#handOut()
  }

  #handOut(): void {
    this.#waiters.shift()?.(this.get())
  }

  /** Tells the metrics now, or once for all calls that share a reading of the clock. */
  #report(): void {
    if (!this.#clock.isShared) this.#reportDepth()
  }

  #reportDepth(): void {
    this.#metrics.depth(this.#ready.length)
  }

  #drop(options?: AddAfterOptions): void {
    this.#metrics.dropped()
    options?.refund?.()
  }

  #held(key: K, call: string): KeyRecord<K> {
    const record = this.#table.find(key)
    if (record?.processing) return record
    throw notHeld(key, call)
  }

  #isIdle(): boolean {
    return this.#ready.length === 0 && this.#inFlight === 0
  }

  #settle(): void {
    if (!this.#isIdle()) return
    this.#releaseDrainers()
    this.#notify?.('idle')
  }

  #releaseDrainers(): void {
    for (const release of this.#drainers.splice(0)) release()
  }

  #stateOf(record: KeyRecord<K>): KeyState<K> {
    const { key, slot, priority, reasons, at, takenAtMs, wantedAtMs } = record
    const now = this.#env.clock.monotonic()
    const since = (ms: number): number => Math.max(0, now - ms)
    return {
      key,
      state: record.state,
      priority,
      ...(slot === -1 ? {} : { dueInMs: Math.max(0, at - now) }),
      ...(takenAtMs === undefined ? {} : { takenForMs: since(takenAtMs) }),
      ...(wantedAtMs === undefined ? {} : { wantedForMs: since(wantedAtMs) }),
      failures: record.history.failures,
      reasons,
    }
  }
}

/** The wait that the record stood for does not take place. */
function refund(record: KeyRecord<unknown>): void {
  const give = record.refund
  record.refund = undefined
  give?.()
}

function notHeld(key: unknown, call: string): UsageError {
  const message = `${call}() of a key that no worker holds; call it once per key that get() returned`
  return new UsageError(message, { key })
}

function check(holds: boolean, field: string, value: unknown, message: string): void {
  if (!holds) throw new InvalidError('queue', [{ field, value, message }])
}
