import { InvalidError, KeelsonError } from '../core/index.js'

/**
 * What a reconciler may return besides nothing. Failures are thrown, so "failed, and come back in five
 * seconds" has one spelling: `throw new RetryAfter(5_000, …)`.
 */
export interface Result {
  readonly kind: 'requeueAfter'
  /** Finite, ≥ 0. */
  readonly afterMs: number
}

/**
 * Success, and look again in `ms` milliseconds at the latest. A change brings the run forward and takes the
 * place of the wish, so ask again in each run that needs it.
 *
 * @throws InvalidError unless `ms` is finite and ≥ 0
 */
export function requeueAfter(ms: number): Result {
  return { kind: 'requeueAfter', afterMs: checkedDelay('requeueAfter', ms) }
}

/** Thrown by a reconciler when trying again is of no use until something changes. */
export class Terminal extends KeelsonError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super({ code: 'Terminal', message, cause: options.cause })
  }
}

/** Thrown by a reconciler that failed and knows when to try again. Counts as a failure. */
export class RetryAfter extends KeelsonError {
  readonly afterMs: number

  /** @throws InvalidError unless `ms` is finite and ≥ 0 */
  constructor(ms: number, message: string, options: { readonly cause?: unknown } = {}) {
    super({
      code: 'RetryAfter',
      message,
      details: { afterMs: checkedDelay('RetryAfter', ms) },
      cause: options.cause,
    })
    this.afterMs = ms
  }
}

function checkedDelay(subject: string, ms: number): number {
  if (Number.isFinite(ms) && ms >= 0) return ms
  throw new InvalidError(subject, [
    { field: 'ms', value: ms, message: 'must be a finite number of milliseconds ≥ 0' },
  ])
}
