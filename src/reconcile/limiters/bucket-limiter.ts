import type { Clock } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { RateLimiter } from './rate-limiter.js'
import { assertLimiter, isDelay } from './rate-limiter.js'

/** Shape of a token bucket. */
export interface BucketLimiterOptions {
  /** Tokens that come in each second. Finite, above 0. Default 10. */
  readonly perSecond?: number
  /** Tokens that the full bucket holds, a whole number of at least 1. Default 100. */
  readonly burst?: number
  /**
   * Longest wait in milliseconds, finite, ≥ 0. A key that would wait longer takes no token and waits this long: in
   * a mass failure the wait stays bounded, and the rate is exceeded instead.
   */
  readonly maxWaitMs: number
  /** Default: the real clock. */
  readonly clock?: Pick<Clock, 'monotonic'>
}

const BUCKET_OPTIONS = /* @__PURE__ */ knownOptions<BucketLimiterOptions>('bucketLimiter', {
  perSecond: true,
  burst: true,
  maxWaitMs: true,
  clock: true,
})

/**
 * A token bucket that all keys share: a failure takes the next free token, and the key waits until it has come in.
 * A refunded token goes to the next key that asks, so that waits which never end do not use up the rate.
 *
 * Guarantees: no more than `burst + perSecond · t` waits end within any t seconds, except those cut at `maxWaitMs`.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function bucketLimiter(options: BucketLimiterOptions): RateLimiter {
  assertKnown(options, BUCKET_OPTIONS)
  const { perSecond = 10, burst = 100, maxWaitMs, clock = systemEnv.clock } = options
  const isRate = Number.isFinite(perSecond) && perSecond > 0
  assertLimiter(isRate, 'perSecond', perSecond, 'must be a finite number above 0')
  assertValid('rate limiter', wholeNumber('burst', burst, { min: 1 }))
  assertLimiter(isDelay(maxWaitMs), 'maxWaitMs', maxWaitMs, 'must be a finite number ≥ 0')
  const bucket = new TokenBucket(1_000 / perSecond, burst)
  return {
    delay: () => {
      const now = clock.monotonic()
      const at = bucket.next(now)
      if (at - now > maxWaitMs) return { ms: maxWaitMs }
      bucket.take(at)
      return { ms: at - now, refund: () => bucket.giveBack(at, clock.monotonic()) }
    },
  }
}

/** The bucket as a schedule (the generic cell rate algorithm): times that are taken, and times that were given back. */
class TokenBucket {
  readonly #intervalMs: number
  readonly #burst: number
  /** When the bucket is full again if no more is taken. */
  #fullAtMs = Number.NEGATIVE_INFINITY
  /** Times to come that were given back, ascending. */
  #free: number[] = []
  /** When a token was last taken from a bucket that lacked less than one. */
  #busySinceMs = Number.NEGATIVE_INFINITY
  /** Tokens taken since then that can come back without making the bucket fuller than it ever was. */
  #returnable = 0

  constructor(intervalMs: number, burst: number) {
    this.#intervalMs = intervalMs
    this.#burst = burst
  }

  /** The earliest time at which a token can be had. */
  next(now: number): number {
    while (this.#free[0] !== undefined && this.#free[0] < now) this.#free.shift()
    return this.#free[0] ?? this.#behindAll(now)
  }

  /** @param at as `next` has just said */
  take(at: number): void {
    if (this.#free[0] === at) {
      this.#free.shift()
      return
    }
    const lacking = Math.floor((this.#fullAtMs - at) / this.#intervalMs)
    if (lacking < 1) {
      this.#busySinceMs = at
      this.#returnable = Number.POSITIVE_INFINITY
    } else if (at > this.#busySinceMs) this.#returnable = Math.min(this.#returnable, lacking)
    this.#fullAtMs = Math.max(this.#fullAtMs, at) + this.#intervalMs
  }

  /**
   * A time to come is kept for the next who asks. A token that could have been used by now goes back into the bucket,
   * unless that would let more through than the rate: then it is lost, as in a bucket that overflows.
   */
  giveBack(at: number, now: number): void {
    const isAwaited = this.#behindAll(now) - this.#intervalMs > now
    if (isAwaited) {
      if (at < now) return
      const behind = this.#free.findIndex(time => time > at)
      this.#free.splice(behind === -1 ? this.#free.length : behind, 0, at)
    } else if (at >= this.#busySinceMs && this.#returnable > 0) {
      this.#returnable--
      this.#fullAtMs -= this.#intervalMs
    }
  }

  #behindAll(now: number): number {
    return Math.max(now, this.#fullAtMs - (this.#burst - 1) * this.#intervalMs)
  }
}
