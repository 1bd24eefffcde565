import type { FieldProblem } from '../errors.js'
import { wholeNumber } from '../whole-number.js'

/**
 * What follows from a failure. `continue`: it is told, and the rollout goes on. `pause`: no further step; healing and
 * scaling continue. `abort`: what was stable gets all capacity back, and the wanted template stays as it is. `revert`: as
 * `abort`, and the stable template becomes the wanted one again, under a number of its own.
 */
export type FailureAction = 'continue' | 'pause' | 'abort' | 'revert'

/** What to do when a rollout fails, by the sort of its cause. */
export interface FailurePolicy {
  /** For each sort of cause that has no action of its own here. Default: `pause` for deadlines, else `revert`. */
  readonly action?: FailureAction
  /** Instances that keep failing: three within a minute, or more than `maxFailures`. */
  readonly crash?: FailureAction
  /** An instance that is not ready within `readyWithinMs`. */
  readonly readiness?: FailureAction
  /** No progress in time, not finished in time, or a gate that did not pass in time. */
  readonly deadline?: FailureAction
  /** An analysis that failed, or a person who said no. */
  readonly analysis?: FailureAction
  /** A hook that failed. */
  readonly hook?: FailureAction
  /**
   * Failed instances of the new template that are tolerated, however fast they fail; one more is a failure. Default: three
   * within a minute are one.
   */
  readonly maxFailures?: number
  /** Automatic reverts in a row before a rollout halts. Default 1. */
  readonly maxReverts?: number
  /**
   * What becomes of a template that failed, was reverted, and is put back. `refuse`: it is not rolled out until it changes
   * or a `retry` lets it through; `retry`: it is tried again each time. Default `refuse`.
   */
  readonly onRepeat?: 'retry' | 'refuse'
}

/** Automatic reverts in a row before a rollout halts. */
export const REVERTS_MAX = 1

/** What is wrong with a policy's numbers. */
export function failurePolicyProblems(
  { maxFailures = 0, maxReverts = REVERTS_MAX }: FailurePolicy,
  at: string,
): readonly FieldProblem[] {
  return [...wholeNumber(`${at}.maxFailures`, maxFailures), ...wholeNumber(`${at}.maxReverts`, maxReverts)]
}
