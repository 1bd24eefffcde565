import { isKeelsonError, UsageError } from '../../core/index.js'
import { backoffMs } from '../../core/internal.js'
import type { AttemptEnd } from '../attempt/attempt.js'
import type { Poll, Result } from '../attempt/result.js'
import { pollProblems } from '../attempt/result.js'
import type { Delay, KeyHistory, RateLimiter } from '../limiters/rate-limiter.js'
import { errorOf } from '../thrown-error.js'
import type { ErrorRule } from './error-rules.js'
import { ruleFor } from './error-rules.js'

/** What happens to the key after an attempt. */
export type Outcome =
  /** Forget failures; run again when something changes. */
  | { readonly kind: 'success' }
  /** Forget failures; run again after `afterMs`. */
  | { readonly kind: 'requeueAfter'; readonly afterMs: number }
  /** Forget failures; run again after a pause that grows with each poll in a row. */
  | Poll
  /** Someone else wrote first: no failure, unless it happens again and again; run again after a random half to whole of `withinMs`. */
  | { readonly kind: 'conflict'; readonly withinMs: number; readonly error: Error }
  /** Forget failures; run again when something changes, not before. */
  | { readonly kind: 'terminal'; readonly error: Error }
  /** One more failure, of something that the other keys need too: no attempt begins for `pauseMs` or longer. */
  | { readonly kind: 'pause'; readonly pauseMs: number; readonly error: Error }
  /** One more failure; run again after `afterMs`. */
  | {
      readonly kind: 'retry'
      readonly afterMs: number
      readonly error: Error
      /** As that of the limiter's delay. */
      readonly refund?: () => void
    }

/**
 * So many lost races since the last success are no chance any more: the next is a failure like any other.
 *
 * @internal
 */
export const CONFLICTS_MAX = 10

const SUCCESS: Outcome = { kind: 'success' }

/** Lost races wait 10 ms, then twice as long each time, up to a second. */
const CONFLICT_BASE_MS = 10
const CONFLICT_MAX_MS = 1_000

/** Of a rule that pauses the controller. */
const PAUSE_MS = 30_000

/**
 * Decides what an attempt's end means.
 *
 * @param history of the key, before this attempt is counted
 * @param rules for sorts of errors; the first that fits decides
 */
export function decideOutcome(
  end: AttemptEnd,
  history: KeyHistory,
  limiter: RateLimiter,
  rules: readonly ErrorRule[] = [],
): Outcome {
  if (end.kind === 'threw') return outcomeOf(errorOf(end.error), { history, limiter, rules })
  const { result } = end
  if (result === undefined) return SUCCESS
  if (isResult(result)) return result
  // Callers without types can return anything; a wrong result must not look like success.
  const error = new UsageError('a reconciler must return nothing, requeueAfter(ms) or poll({ … })', {
    result,
  })
  return { kind: 'terminal', error }
}

interface FailureSite {
  readonly history: KeyHistory
  readonly limiter: RateLimiter
  readonly rules: readonly ErrorRule[]
}

function outcomeOf(error: Error, { history, limiter, rules }: FailureSite): Outcome {
  const rule = ruleFor(error, rules)
  switch (rule?.then) {
    case 'terminal':
      return { kind: 'terminal', error }
    case 'pause':
      return { kind: 'pause', pauseMs: rule.pauseMs ?? PAUSE_MS, error }
    case 'retry':
      return retry(error, (rule.limiter ?? limiter).delay(history), 0)
    case undefined:
      break
  }
  const isConflict = isKeelsonError(error, 'Conflict')
  if (isConflict && history.conflicts < CONFLICTS_MAX) {
    const withinMs = backoffMs({ baseMs: CONFLICT_BASE_MS, maxMs: CONFLICT_MAX_MS }, history.conflicts + 1)
    return { kind: 'conflict', withinMs, error }
  }
  if (isKeelsonError(error, 'Terminal')) return { kind: 'terminal', error }
  if (isKeelsonError(error, 'RetryAfter')) return { kind: 'retry', afterMs: error.details.afterMs, error }
  // A failure waits no less than the lost race before it did.
  return retry(error, limiter.delay(history), isConflict ? CONFLICT_MAX_MS : 0)
}

function retry(error: Error, { ms, refund }: Delay, leastMs: number): Outcome {
  if (ms === Number.POSITIVE_INFINITY) return { kind: 'terminal', error }
  const afterMs = Math.max(ms, leastMs)
  return { kind: 'retry', afterMs, error, ...(refund === undefined ? {} : { refund }) }
}

function isResult(result: Result): boolean {
  switch (result.kind) {
    case 'requeueAfter':
      return Number.isFinite(result.afterMs) && result.afterMs >= 0
    case 'poll':
      return pollProblems(result).length === 0
    default:
      return false
  }
}
