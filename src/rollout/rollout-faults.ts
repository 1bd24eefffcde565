import type { FailureCause } from './failure-cause.js'
import { actionFor } from './failure-cause.js'
import { failuresWithin, progressWithin } from './gates.js'
import { isCrashLoop } from './instance-failure.js'
import type { RolloutSpec } from './rollout-spec.js'
import type { Observation } from './rollout-start.js'
import type { RolloutState } from './rollout-state.js'
import { ownFailure } from './rollout-state.js'
import { failedOf } from './rollout-view.js'
import { policyOn } from './way-back.js'

/** Whether a failure of that cause is news: one that was only told does not hide a later one of more weight. */
export function isNews(spec: RolloutSpec, state: RolloutState, cause: FailureCause): boolean {
  const failed = ownFailure(state)
  if (failed === undefined) return true
  return failed.cause !== cause && actionFor(cause, policyOn(spec, state)) !== 'continue'
}

/**
 * What the instances of the new template, or the clock, say against the rollout: the first cause that is news.
 *
 * @param isThere the waypoint is reached, and no progress is due
 */
export function faultOf(
  spec: RolloutSpec,
  state: RolloutState,
  { sets, nowMs }: Observation,
  isThere: boolean,
): FailureCause | undefined {
  const set = sets.find(({ template }) => template === state.template)
  const { maxFailures = Infinity } = policyOn(spec, state)
  const causes: FailureCause[] = []
  // Who says how many are tolerated has said what a crash loop is.
  if (maxFailures === Infinity && isCrashLoop(set?.failures ?? [], state.startedAtMs))
    causes.push('crash-loop')
  if (failuresWithin(maxFailures, failedOf(sets, state.template) - state.failedBefore).kind === 'fail')
    causes.push('failures')
  for (const { cause, atMs } of deadlines(spec, state, set?.unreadySinceMs, isThere))
    if (progressWithin(0, atMs, nowMs).kind === 'fail') causes.push(cause)
  return causes.find(cause => isNews(spec, state, cause))
}

/** The next instant at which `faultOf` may say something else by the passing of time alone. */
export function nextDeadline(
  spec: RolloutSpec,
  state: RolloutState,
  { sets, nowMs }: Observation,
  isThere: boolean,
): number | undefined {
  const running = state.phase === 'progressing' || state.phase === 'reverting'
  if (!running || spec.desired === 0) return undefined
  const set = sets.find(({ template }) => template === state.template)
  const times = deadlines(spec, state, set?.unreadySinceMs, isThere)
    .filter(({ cause, atMs }) => atMs > nowMs && isNews(spec, state, cause))
    .map(({ atMs }) => atMs)
  return times.length === 0 ? undefined : Math.min(...times)
}

function deadlines(
  { program }: RolloutSpec,
  state: RolloutState,
  unreadySinceMs: number | undefined,
  isThere: boolean,
): readonly { readonly cause: FailureCause; readonly atMs: number }[] {
  const { readyWithinMs, finishWithinMs, progressWithinMs } = program
  const found: { readonly cause: FailureCause; readonly atMs: number }[] = []
  if (readyWithinMs !== undefined && unreadySinceMs !== undefined)
    found.push({ cause: 'readiness', atMs: Math.max(unreadySinceMs, state.startedAtMs) + readyWithinMs })
  if (finishWithinMs !== undefined)
    found.push({ cause: 'finish-deadline', atMs: state.startedAtMs + finishWithinMs })
  if (progressWithinMs !== undefined && !isThere)
    found.push({ cause: 'deadline', atMs: state.progressAtMs + progressWithinMs })
  return found
}
