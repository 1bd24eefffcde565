import type { FieldProblem } from '../../core/index.js'
import { InvalidError, KeelsonError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'

/**
 * What a reconciler may return besides nothing. Failures are thrown, so "failed, and come back in five
 * seconds" has one spelling: `throw new RetryAfterError(5_000, …)`.
 */
export type Result = RequeueAfter | Poll

/** Look again after a time. */
export interface RequeueAfter {
  readonly kind: 'requeueAfter'
  /** Finite, ≥ 0. */
  readonly afterMs: number
}

/** How a key is looked at again and again. */
export interface PollOptions {
  /** The first pause, in milliseconds: finite, above 0. */
  readonly minMs: number
  /** The longest pause: finite, at least `minMs`. */
  readonly maxMs: number
  /** By what each pause is longer than the one before: finite, ≥ 1. Default 2. */
  readonly factor?: number
}

/** Look again after a pause that grows. */
export interface Poll extends Required<PollOptions> {
  readonly kind: 'poll'
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

/**
 * Success, and look again after `minMs`; when that look polls too, after `factor` times as long, up to `maxMs`. For
 * what changes outside the store without a word. A key that something wakes meanwhile, or whose run ends in another
 * way, begins at `minMs` again; a resync does not count.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function poll(options: PollOptions): Result {
  assertKnown(options, POLL_OPTIONS)
  const { minMs, maxMs, factor = 2 } = options
  const result: Poll = { kind: 'poll', minMs, maxMs, factor }
  const problems = pollProblems(result)
  if (problems.length > 0) throw new InvalidError('poll', problems)
  return result
}

const POLL_OPTIONS = /* @__PURE__ */ knownOptions<PollOptions>('poll', {
  minMs: true,
  maxMs: true,
  factor: true,
})

/** What is out of bounds in `poll`. */
export function pollProblems({ minMs, maxMs, factor }: Poll): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  if (!(Number.isFinite(minMs) && minMs > 0))
    problems.push({
      field: 'minMs',
      value: minMs,
      message: 'must be a finite number of milliseconds above 0',
    })
  if (!(Number.isFinite(maxMs) && maxMs >= minMs))
    problems.push({
      field: 'maxMs',
      value: maxMs,
      message: 'must be a finite number of milliseconds ≥ minMs',
    })
  if (!(Number.isFinite(factor) && factor >= 1))
    problems.push({ field: 'factor', value: factor, message: 'must be a finite number ≥ 1' })
  return problems
}

/** Thrown by a reconciler when trying again is of no use until something changes. */
export class TerminalError extends KeelsonError<'Terminal'> {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super({ code: 'Terminal', message, cause: options.cause })
  }
}

/** Thrown by a reconciler that failed and knows when to try again. Counts as a failure. */
export class RetryAfterError extends KeelsonError<'RetryAfter'> {
  /** @throws InvalidError unless `ms` is finite and ≥ 0 */
  constructor(ms: number, message: string, options: { readonly cause?: unknown } = {}) {
    super({
      code: 'RetryAfter',
      message,
      details: { afterMs: checkedDelay('RetryAfterError', ms) },
      cause: options.cause,
    })
  }
}

function checkedDelay(subject: string, ms: number): number {
  if (Number.isFinite(ms) && ms >= 0) return ms
  throw new InvalidError(subject, [
    { field: 'ms', value: ms, message: 'must be a finite number of milliseconds ≥ 0' },
  ])
}
