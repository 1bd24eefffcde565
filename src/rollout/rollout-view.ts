import type { InstanceFailure } from './instance-failure.js'
import type { Tally } from './move.js'
import type { TrafficView } from './traffic.js'

/** What is there. The order of `sets` has no meaning. */
export interface RolloutView {
  readonly sets: readonly RolloutTally[]
  /** How the traffic is divided between them. Default: that is none of the rollout's business. */
  readonly traffic?: TrafficView
}

/** A tally, and how its instances have fared so far, as far as is known. */
export interface RolloutTally extends Tally {
  /** How many have ended, well or not, since the set was made. Default 0. */
  readonly failed?: number
  /** The newest of those, in any order; a step looks at 1,000 of them. Default none. */
  readonly failures?: readonly InstanceFailure[]
  /**
   * Since when the instance that has waited longest is not ready; one whose health is unknown does not wait. Epoch
   * milliseconds. Absent when none does.
   */
  readonly unreadySinceMs?: number
}

/** The numbers as they can be: no more is available than is requested and alive. */
export function clipped(set: RolloutTally): RolloutTally {
  const available = Math.max(0, Math.min(set.available, set.size - (set.dead ?? 0)))
  return available === set.available ? set : { ...set, available }
}

/** How many instances of the template have failed so far. */
export function failedOf(sets: readonly RolloutTally[], template: string): number {
  return sets.find(set => set.template === template)?.failed ?? 0
}
