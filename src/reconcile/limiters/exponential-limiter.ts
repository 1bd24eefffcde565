import type { Random } from '../../core/index.js'
import { assertKnown, backoffMs, knownOptions } from '../../core/internal.js'
import type { RateLimiter } from './rate-limiter.js'
import { assertLimiter, isDelay } from './rate-limiter.js'

/** Shape of an exponential backoff. */
export interface ExponentialLimiterOptions {
  /** Delay after the first failure. Finite, ≥ 0. Default 5. */
  readonly baseMs?: number
  /** By how much each further failure multiplies the delay. Finite, ≥ 1. Default 2. */
  readonly factor?: number
  /** Longest delay. Finite, ≥ `baseMs`. Default 1,000,000 (1000 s). */
  readonly maxMs?: number
  /** Largest fraction, 0 to 1, by which chance shortens a delay. Default 0. Above 0 needs `random`. */
  readonly jitter?: number
  readonly random?: Random
}

const EXPONENTIAL_OPTIONS = /* @__PURE__ */ knownOptions<ExponentialLimiterOptions>('exponentialLimiter', {
  baseMs: true,
  factor: true,
  maxMs: true,
  jitter: true,
  random: true,
})

/**
 * `min(maxMs, baseMs · factor^failures)`, the per-key limiter of client-go, with its defaults; no bucket is shared
 * between keys. With `jitter` j each delay is drawn evenly from `((1 − j) · delay, delay]`.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function exponentialLimiter(options: ExponentialLimiterOptions = {}): RateLimiter {
  assertKnown(options, EXPONENTIAL_OPTIONS)
  const { baseMs = 5, factor = 2, maxMs = 1_000_000, jitter = 0, random } = options
  assertLimiter(isDelay(baseMs), 'baseMs', baseMs, 'must be a finite number ≥ 0')
  assertLimiter(Number.isFinite(factor) && factor >= 1, 'factor', factor, 'must be a finite number ≥ 1')
  assertLimiter(Number.isFinite(maxMs) && maxMs >= baseMs, 'maxMs', maxMs, 'must be a finite number ≥ baseMs')
  assertLimiter(jitter >= 0 && jitter <= 1, 'jitter', jitter, 'must be between 0 and 1')
  assertLimiter(jitter === 0 || random !== undefined, 'random', random, 'is needed when jitter is above 0')
  return {
    delay: ({ failures }) => {
      const ms = backoffMs({ baseMs, maxMs, factor }, failures + 1)
      return { ms: random === undefined ? ms : ms * (1 - jitter * random.next()) }
    },
  }
}

/** Shape of a backoff with decorrelated jitter. */
export interface DecorrelatedJitterOptions {
  /** Shortest delay. Finite, ≥ 0. Default 5. */
  readonly baseMs?: number
  /** Longest delay. Finite, ≥ `baseMs`. Default 1,000,000 (1000 s). */
  readonly maxMs?: number
  readonly random: Random
}

const DECORRELATED_OPTIONS = /* @__PURE__ */ knownOptions<DecorrelatedJitterOptions>(
  'decorrelatedJitterLimiter',
  { baseMs: true, maxMs: true, random: true },
)

/**
 * Each delay is drawn evenly from `baseMs` to three times the delay before it, and cut at `maxMs`: keys that failed
 * together do not come back together (“decorrelated jitter”, Brooker, Exponential Backoff And Jitter, 2015).
 *
 * @throws InvalidError when an option is out of bounds
 */
export function decorrelatedJitterLimiter(options: DecorrelatedJitterOptions): RateLimiter {
  assertKnown(options, DECORRELATED_OPTIONS)
  const { baseMs = 5, maxMs = 1_000_000, random } = options
  assertLimiter(isDelay(baseMs), 'baseMs', baseMs, 'must be a finite number ≥ 0')
  assertLimiter(Number.isFinite(maxMs) && maxMs >= baseMs, 'maxMs', maxMs, 'must be a finite number ≥ baseMs')
  return {
    delay: ({ delayMs = 0 }) => {
      const widest = Math.max(baseMs, 3 * delayMs)
      return { ms: Math.min(maxMs, baseMs + random.next() * (widest - baseMs)) }
    },
  }
}
