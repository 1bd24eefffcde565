import type { Env } from '../../core/index.js'
import type { KeyHistory, RateLimiter } from '../limiters/rate-limiter.js'
import type { Fairness } from './fair-classes.js'

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
  /**
   * Milliseconds of waiting that are worth one point of priority: above 0, default 100. So a key of priority −100
   * waits at most 10 s longer than those of priority 0. `Infinity`: priorities do not age, and low ones may starve.
   */
  readonly ageMs?: number
  /** Shares the queue between classes of keys. Default: one class. */
  readonly fairness?: Fairness<K>
  /** Most keys that are wanted, held, delayed or failing; a further one is refused. Default 10,000,000. */
  readonly keysMax?: number
  /** Most records, of under 200 bytes, kept of keys that rest, for their next use; more are freed. Default 16,384. */
  readonly idleKeysMax?: number
  /** Called when a key has become ready to be taken, and when nothing is ready or in flight any more. Errors are logged. */
  readonly notify?: (event: 'ready' | 'idle') => void
}

/** How a key is wanted. */
export interface AddOptions {
  /**
   * A whole number from −1,000,000 to 1,000,000; higher is earlier. The highest asked for counts until the key is
   * taken. Default 0, but for a delayed add of a held key the priority at which it was taken.
   */
  readonly priority?: number
  /** Told by `inspect`. */
  readonly reason?: string
}

/** How a key is wanted later. */
export interface AddAfterOptions extends AddOptions {
  /** Called once if the delay is not waited out, because another wish or a cancel took its place. */
  readonly refund?: () => void
}

/** What the queue knows about one key. */
export interface KeyState<K> {
  readonly key: K
  /**
   * `ready`: can be taken. `processing`: a worker holds it. `held`: a worker holds it, and it is wanted again.
   * `delayed`: waits for its time. `resting`: only its failures are remembered.
   */
  readonly state: 'ready' | 'processing' | 'held' | 'delayed' | 'resting'
  readonly priority: number
  /** Milliseconds until its delay ends; absent when it has none. */
  readonly dueInMs?: number
  /** Milliseconds since a worker took it; absent when none holds it. */
  readonly takenForMs?: number
  /** Milliseconds since it became ready, or wanted again while held. */
  readonly wantedForMs?: number
  readonly failures: number
  /** Why it is wanted: the last four distinct reasons, oldest first. */
  readonly reasons: readonly string[]
}

/**
 * A queue of keys, not of values: adding a key that is already wanted changes nothing but its priority.
 *
 * Guarantees: at most one worker holds a key; a key added while held is handed out again after `done`; keys of one
 * priority come out in the order in which they became ready, and a key that waits rises until it is taken; a key has
 * one due time, the earliest asked for, and an immediate add takes the place of a delayed one.
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
  /**
   * Wants `key` now. Dropped, and counted, after `shutDown`.
   *
   * @throws InvalidError when the priority is out of bounds, and KeelsonError `TooLarge` beyond `keysMax`
   */
  add(key: K, options?: AddOptions): void
  /**
   * Wants `key` in `ms` milliseconds at the latest.
   *
   * @throws InvalidError unless `ms` is finite and ≥ 0, and as `add`
   */
  addAfter(key: K, ms: number, options?: AddAfterOptions): void
  /**
   * Counts one more failure of `key` and wants it after the limiter's delay, which is returned. `Infinity` when
   * the limiter gives the key up: then it is not wanted.
   *
   * @throws InvalidError when the limiter gives no delay, and as `add`
   */
  addRateLimited(key: K, options?: AddOptions): number
  /** Counts one more lost write race of `key`, without wanting it. */
  countConflict(key: K): void
  /** Counts one more failure of `key`, and the delay after it, without wanting it. */
  countFailure(key: K, delayMs?: number): void
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
  /** Drops every wish for `key`, immediate, held or delayed; true when there was one. Its worker is not interrupted. */
  cancel(key: K): boolean
  /** Drops later adds and all delayed keys. Ready and held keys are still handed out. Ends a pending `drain`. */
  shutDown(): void
  /** Shuts down, and resolves when nothing is ready or in flight any more, or at the next `shutDown`. */
  drain(): Promise<void>
  /** What is known about `key`; undefined when it is idle and has no failures. */
  inspect(key: K): KeyState<K> | undefined
  /** Every key that `inspect` knows: ready ones first, in the order in which they would be taken, then the others. */
  list(): readonly KeyState<K>[]
  /** The key that has been ready longest; undefined when none is ready. Takes time by the priorities in use. */
  oldest(): KeyState<K> | undefined
  /** True when nothing is ready, in flight, or delayed until now or earlier. */
  isQuiet(): boolean
}
