import { InvalidError } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'

/** What the queue has counted for a key since its last success. */
export interface KeyHistory {
  /** Failures in a row. */
  readonly failures: number
  /** Lost write races in a row; a failure ends the row. */
  readonly conflicts: number
  /** Delay after the latest failure, in milliseconds; absent when there was none. */
  readonly delayMs?: number
}

/** The history of a key without failures or conflicts; the same object for every key. */
export const noFailures: KeyHistory = Object.freeze({ failures: 0, conflicts: 0 })

/** How long a key is to wait. */
export interface Delay {
  /** Milliseconds ≥ 0; `Infinity` gives the key up, as a terminal failure does. */
  readonly ms: number
  /** Gives back what the wait has taken from a budget that keys share. Called at most once, if it is not waited out. */
  readonly refund?: () => void
}

/** Decides how long a key waits after a failure. What it must know of the key is in the key's own record. */
export interface RateLimiter {
  /** @param history of the key before this failure is counted */
  delay(history: KeyHistory): Delay
}

interface FastSlowOptions {
  readonly fastMs: number
  readonly slowMs: number
  readonly fastMax: number
}

const FAST_SLOW_OPTIONS = /* @__PURE__ */ knownOptions<FastSlowOptions>('fastSlowLimiter', {
  fastMs: true,
  slowMs: true,
  fastMax: true,
})

/**
 * `fastMs` for the first `fastMax` failures of a key, `slowMs` after them; both finite and ≥ 0, `fastMax` a whole
 * number.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function fastSlowLimiter(options: FastSlowOptions): RateLimiter {
  assertKnown(options, FAST_SLOW_OPTIONS)
  const { fastMs, slowMs, fastMax } = options
  assertLimiter(isDelay(fastMs), 'fastMs', fastMs, 'must be a finite number ≥ 0')
  assertLimiter(isDelay(slowMs), 'slowMs', slowMs, 'must be a finite number ≥ 0')
  assertValid('rate limiter', wholeNumber('fastMax', fastMax))
  return { delay: ({ failures }) => ({ ms: failures < fastMax ? fastMs : slowMs }) }
}

/**
 * The longest of the delays that `limiters` ask for, each asked every time. A refund goes to all of them.
 *
 * @throws InvalidError when `limiters` is empty
 */
export function maxOfLimiter(...limiters: readonly RateLimiter[]): RateLimiter {
  assertLimiter(limiters.length > 0, 'limiters', limiters, 'must not be empty')
  return {
    delay: history => {
      const delays = limiters.map(limiter => limiter.delay(history))
      const ms = Math.max(...delays.map(delay => delay.ms))
      if (delays.every(delay => delay.refund === undefined)) return { ms }
      const refund = (): void => {
        for (const delay of delays) delay.refund?.()
      }
      return { ms, refund }
    },
  }
}

/**
 * `limiter`, but no wait longer than `maxMs`; giving up is not a wait and stays.
 *
 * @throws InvalidError unless `maxMs` is finite and ≥ 0
 */
export function maxWaitLimiter(limiter: RateLimiter, maxMs: number): RateLimiter {
  assertLimiter(isDelay(maxMs), 'maxMs', maxMs, 'must be a finite number ≥ 0')
  return {
    delay: history => {
      const delay = limiter.delay(history)
      return delay.ms <= maxMs || delay.ms === Number.POSITIVE_INFINITY ? delay : { ...delay, ms: maxMs }
    },
  }
}

/**
 * `limiter` for the first `retriesMax` failures of a key; then the key is given up.
 *
 * @throws InvalidError unless `retriesMax` is a whole number
 */
export function giveUpLimiter(limiter: RateLimiter, retriesMax: number): RateLimiter {
  assertValid('rate limiter', wholeNumber('retriesMax', retriesMax))
  return {
    delay: history =>
      history.failures < retriesMax ? limiter.delay(history) : { ms: Number.POSITIVE_INFINITY },
  }
}

/** Finite and ≥ 0. */
export function isDelay(ms: number): boolean {
  return Number.isFinite(ms) && ms >= 0
}

/** @throws InvalidError about an option of a limiter */
export function assertLimiter(holds: boolean, field: string, value: unknown, message: string): void {
  if (!holds) throw new InvalidError('rate limiter', [{ field, value, message }])
}
