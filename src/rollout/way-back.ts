import type { FailurePolicy } from '../core/internal.js'
import type { RolloutSpec } from './rollout-spec.js'
import type { RolloutState } from './rollout-state.js'

/** Whether a rollout leads back to what has worked: a revert, an undo, or one that was called off. */
export function isWayBack(
  { entry, cause }: Pick<RolloutSpec, 'entry' | 'cause'>,
  state: RolloutState,
): boolean {
  if (state.phase === 'aborted' || state.reverts > 0) return true
  return state.entry === entry && cause !== 'update'
}

/** What becomes of a failure: on the way back, what the program says of that. */
export function policyOn(spec: RolloutSpec, state: RolloutState): FailurePolicy {
  const { rollback, onFailure } = spec.program
  return (isWayBack(spec, state) ? rollback?.onFailure : undefined) ?? onFailure
}
