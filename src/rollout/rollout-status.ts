import type { Blocker } from './blocker.js'
import { describeBlocker } from './blocker.js'
import { failureTexts } from './failure-cause.js'
import type { RolloutFailure, RolloutState } from './rollout-state.js'
import { isUnfinished, ownFailure } from './rollout-state.js'

/** The parts of a Deployment that tell how its rollout stands. */
export interface RolledOut {
  readonly metadata: { readonly generation: number }
  readonly spec: { readonly replicas: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly revision?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
    readonly rollout?: unknown
  }
}

/** What the controller keeps in `status.rollout`. */
export interface RolloutRecord {
  readonly state: RolloutState
  readonly blockers: readonly Blocker[]
}

/** The first rung of the ladder that is not passed yet. */
export type RolloutRung =
  /** The controller has not seen the present spec. */
  | 'unobserved'
  /** The rollout failed; it is paused, halted, refused, or only reports it. */
  | 'failed'
  | 'paused'
  /** Fewer new instances than wanted. */
  | 'updating'
  /** Old instances are still there. */
  | 'terminating'
  /** New instances are not all available. */
  | 'waiting'
  | 'done'

/** How a rollout stands, as data. */
export interface RolloutStatus {
  readonly rung: RolloutRung
  /** True on the rung `done`. After an automatic revert too: `failure` tells. */
  readonly done: boolean
  /** True once every task of the entry was available; a rollout that is done at 0 replicas has proven nothing. */
  readonly proven: boolean
  /** Number of the ledger entry that is rolled out: `kubectl`'s revision. */
  readonly entry: number | undefined
  readonly desired: number
  readonly updated: number
  readonly replicas: number
  readonly available: number
  readonly failure: RolloutFailure | undefined
  readonly blockers: readonly Blocker[]
}

/** The rollout's record, or undefined when nothing has been rolled out yet. */
export function rolloutRecord(deployment: RolledOut): RolloutRecord | undefined {
  return deployment.status?.rollout as RolloutRecord | undefined
}

/** Reads how a rollout stands off its Deployment: the ladder of `kubectl rollout status`. Pure. */
export function rolloutStatus(deployment: RolledOut): RolloutStatus {
  const { status = {}, spec, metadata } = deployment
  const record = rolloutRecord(deployment)
  const { updatedReplicas: updated = 0, replicas = 0, availableReplicas: available = 0 } = status
  const observed = record !== undefined && (status.observedGeneration ?? 0) >= metadata.generation
  const rung = observed
    ? rungOf(record, { desired: spec.replicas, updated, replicas, available })
    : 'unobserved'
  return {
    rung,
    done: rung === 'done',
    proven: record?.state.phase === 'succeeded' || record?.state.phase === 'reverted',
    entry: status.revision,
    desired: spec.replicas,
    updated,
    replicas,
    available,
    failure: record?.state.failure,
    blockers: record?.blockers ?? [],
  }
}

interface Counts {
  readonly desired: number
  readonly updated: number
  readonly replicas: number
  readonly available: number
}

function rungOf(
  { state, blockers }: RolloutRecord,
  { desired, updated, replicas, available }: Counts,
): RolloutRung {
  if (ownFailure(state) || blockers.some(({ kind }) => kind === 'refused' || kind === 'invalid'))
    return 'failed'
  if (state.phase === 'paused') return 'paused'
  if (updated < desired) return 'updating'
  if (replicas > updated) return 'terminating'
  return available < desired || (isUnfinished(state) && desired > 0) ? 'waiting' : 'done'
}

/** How a rollout stands, in one line for people. */
export function describeRollout(deployment: RolledOut): string {
  const status = rolloutStatus(deployment)
  const { desired, updated, replicas, available, failure } = status
  const why = status.blockers.length > 0 ? ` (${status.blockers.map(describeBlocker).join('; ')})` : ''
  const name = `revision ${status.entry ?? '?'}`
  switch (status.rung) {
    case 'unobserved':
      return 'waiting for the new spec to be observed'
    case 'failed':
      // What is refused has no revision of its own.
      if (failure?.entry !== status.entry) return `${name}: ${available} available${why}`
      return `${name} failed: it ${failureTexts[failure?.cause ?? 'deadline']}${why}`
    case 'paused':
      return `${name}: ${updated} of ${desired} updated${why}`
    case 'updating':
      return `${name}: ${updated} of ${desired} updated${why}`
    case 'terminating':
      return `${name}: ${replicas - updated} old tasks still to go${why}`
    case 'waiting':
      return `${name}: ${available} of ${desired} available${why}`
    case 'done':
      return failure === undefined
        ? `${name}: ${available} available${status.proven ? '' : why}`
        : `${name}: ${available} available, after revision ${failure.entry} failed and was reverted`
  }
}
