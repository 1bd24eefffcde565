/** The counts of a Deployment's status. */
export interface DeploymentCounts {
  readonly replicas: number
  readonly updated: number
  readonly available: number
  readonly ready?: number
}

/** All replicas are updated and available and nothing else is left. */
export function k8sComplete(desired: number, status: DeploymentCounts): boolean {
  return status.updated === desired && status.replicas === desired && status.available === desired
}

/** More updated, fewer old, more ready or more available than before. */
export function k8sProgressing(before: DeploymentCounts, after: DeploymentCounts): boolean {
  const old = (status: DeploymentCounts): number => status.replicas - status.updated
  return (
    after.updated > before.updated ||
    old(after) < old(before) ||
    (after.ready ?? 0) > (before.ready ?? 0) ||
    after.available > before.available
  )
}

/** Whether the progress deadline has passed. All times in seconds; no deadline never passes. */
export function k8sTimedOut(input: {
  /** Reason of the Progressing condition; absent when there is no such condition yet. */
  readonly reason?: string
  readonly lastUpdate: number
  readonly now: number
  readonly deadline: number | null
}): boolean {
  const { reason, lastUpdate, now, deadline } = input
  if (deadline === null || reason === undefined || reason === 'NewReplicaSetAvailable') return false
  return reason === 'ProgressDeadlineExceeded' || lastUpdate + deadline < now
}

/** A rung of `kubectl rollout status`. */
export type RolloutRung =
  | { readonly done: false; readonly code: 'WaitObserved' | 'DeadlineError' }
  | {
      readonly done: false
      readonly code: 'WaitUpdated' | 'WaitAvailable'
      readonly n: number
      readonly of: number
    }
  | { readonly done: false; readonly code: 'WaitOldTermination'; readonly n: number }
  | { readonly done: true; readonly code: 'Done' }

/** The first rung that holds a Deployment back. */
export function k8sRolloutStatus(
  input: DeploymentCounts & {
    readonly generation: number
    readonly observed: number
    readonly desired: number
    readonly reason?: string
  },
): RolloutRung {
  const { desired, updated, replicas, available } = input
  if (input.observed < input.generation) return { done: false, code: 'WaitObserved' }
  if (input.reason === 'ProgressDeadlineExceeded') return { done: false, code: 'DeadlineError' }
  if (updated < desired) return { done: false, code: 'WaitUpdated', n: updated, of: desired }
  if (replicas > updated) return { done: false, code: 'WaitOldTermination', n: replicas - updated }
  if (available < updated) return { done: false, code: 'WaitAvailable', n: available, of: updated }
  return { done: true, code: 'Done' }
}
