import type { TaskPlacement } from '../task-ledger.js'

/** A task that may have to make way. */
export interface VictimCandidate {
  readonly task: TaskPlacement
  /** Whether it may go only against a disruption budget. */
  readonly violates: boolean
  /** Whether it would find another node at once. */
  readonly fitsElsewhere: boolean
}
