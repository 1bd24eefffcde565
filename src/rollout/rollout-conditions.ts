import type { FailureCause } from './failure-cause.js'
import { failureTexts } from './failure-cause.js'
import type { RolloutState } from './rollout-state.js'
import { ownFailure } from './rollout-state.js'

/** What a rollout says about itself, without the time. */
export interface RolloutCondition {
  readonly type: 'Available' | 'Progressing'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

const failureReasons: Readonly<Record<FailureCause, string>> = {
  deadline: 'ProgressDeadlineExceeded',
  'finish-deadline': 'FinishDeadlineExceeded',
  failures: 'TooManyFailures',
  'crash-loop': 'CrashLoop',
  readiness: 'NotReadyInTime',
  rejected: 'Rejected',
  analysis: 'AnalysisFailed',
  hook: 'HookFailed',
  'gate-deadline': 'GateDeadlineExceeded',
  aborted: 'Aborted',
}

/**
 * The conditions of a rollout, with Kubernetes' reasons where it has one: `Available` compares with the floor;
 * `Progressing` is True while the rollout moves or has arrived, Unknown while someone paused it, and False after a
 * failure that nothing has answered yet, or while the strategy is `invalid`, for that reason.
 */
export function rolloutConditions(
  state: RolloutState,
  counts: { readonly available: number; readonly floor: number },
  invalid?: string,
): readonly RolloutCondition[] {
  const enough = counts.available >= counts.floor
  const available: RolloutCondition = {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: `${counts.available} available, at least ${counts.floor} wanted`,
  }
  const told: Omit<RolloutCondition, 'type'> =
    invalid === undefined
      ? progressing(state)
      : { status: 'False', reason: 'InvalidStrategy', message: invalid }
  return [available, { type: 'Progressing', ...told }]
}

function progressing(state: RolloutState): Omit<RolloutCondition, 'type'> {
  const name = `revision ${state.entry}`
  const failed = ownFailure(state)
  if (failed) {
    const reason = failureReasons[failed.cause]
    const then =
      state.phase === 'halted'
        ? '; there is nothing to go back to'
        : state.phase === 'paused'
          ? '; paused'
          : state.phase === 'aborted'
            ? '; what was stable before serves'
            : ''
    return { status: 'False', reason, message: `${name} ${failureTexts[failed.cause]}${then}` }
  }
  const undone = state.failure ? `: revision ${state.failure.entry} ${failureTexts[state.failure.cause]}` : ''
  switch (state.phase) {
    case 'progressing':
      return { status: 'True', reason: 'ReplicaSetUpdated', message: `${name} is being rolled out` }
    case 'reverting':
      return { status: 'True', reason: 'Reverting', message: `${name} is an automatic revert${undone}` }
    case 'succeeded':
      return { status: 'True', reason: 'NewReplicaSetAvailable', message: `${name} is rolled out` }
    case 'reverted':
      return { status: 'True', reason: 'Reverted', message: `${name} was an automatic revert${undone}` }
    case 'paused':
      return { status: 'Unknown', reason: 'DeploymentPaused', message: `${name} is paused` }
    case 'aborted':
      return { status: 'False', reason: 'Aborted', message: `${name} is aborted` }
    case 'halted':
      return { status: 'False', reason: 'Halted', message: `${name} is halted` }
  }
}
