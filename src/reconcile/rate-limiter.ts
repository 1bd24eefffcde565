import { InvalidError, type Random } from '../core/index.js'

/** Decides how long a key waits, from how often it failed. The count lives in the key's record. */
export interface RateLimiter {
  /**
   * @param failures earlier failures of the key since its last success, ≥ 0
   * @returns milliseconds, finite and ≥ 0
   */
  delayMs(failures: number): number
}

/** Shape of an exponential backoff. */
export interface ExponentialLimiterOptions {
  /** Delay after the first failure. Finite, ≥ 0. Default 5. */
  readonly baseMs?: number
  /** Longest delay. Finite, ≥ `baseMs`. Default 1,000,000 (1000 s). */
  readonly maxMs?: number
  /** Largest fraction, 0 to 1, by which chance shortens a delay. Default 0. Above 0 needs `random`. */
  readonly jitter?: number
  readonly random?: Random
}

/**
 * `min(maxMs, baseMs · 2^failures)`, the per-key limiter of client-go, with its defaults; no bucket is shared
 * between keys. With `jitter` j each delay is drawn evenly from `((1 − j) · delay, delay]`.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function exponentialLimiter(options: ExponentialLimiterOptions = {}): RateLimiter {
  const { baseMs = 5, maxMs = 1_000_000, jitter = 0, random } = options
  assertLimiter(Number.isFinite(baseMs) && baseMs >= 0, 'baseMs', baseMs, 'must be a finite number ≥ 0')
  assertLimiter(Number.isFinite(maxMs) && maxMs >= baseMs, 'maxMs', maxMs, 'must be a finite number ≥ baseMs')
  assertLimiter(jitter >= 0 && jitter <= 1, 'jitter', jitter, 'must be between 0 and 1')
  assertLimiter(jitter === 0 || random !== undefined, 'random', random, 'is needed when jitter is above 0')
  return {
    delayMs: failures => {
      // 2^1023 is the largest finite power: a base of 0 must stay 0, not become NaN.
      const delay = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 1023))
      return random === undefined ? delay : delay * (1 - jitter * random.next())
    },
  }
}

function assertLimiter(holds: boolean, field: string, value: unknown, message: string): void {
  if (!holds) throw new InvalidError('rate limiter', [{ field, value, message }])
}
