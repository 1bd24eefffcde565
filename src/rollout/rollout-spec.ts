import type { GateAnswer } from './gate.js'
import type { Program } from './program.js'

/** What is wanted. */
export interface RolloutSpec {
  readonly desired: number
  /** Content hash of the wanted template. */
  readonly template: string
  /** Number of the ledger entry that asked for it. */
  readonly entry: number
  /** Why that entry was written. A revert never reverts again. */
  readonly cause: 'update' | 'undo' | 'revert'
  /** The newest template that succeeded; may be `template` itself. */
  readonly stable?: string
  readonly paused: boolean
  readonly program: Program
  /** What was said of the gates of this entry, oldest first. Default: nothing. */
  readonly answers?: readonly GateAnswer[]
  /** Gates of the waypoints before this index are lifted by hand; past the last waypoint, the way there is too. Default 0. */
  readonly promotedTo?: number
  /** Somebody has called the entry off: it fails, and what was stable gets its capacity back. Default false. */
  readonly aborted?: boolean
  /**
   * How often somebody asked to try this entry again after it failed: with one more than before it begins again at the
   * first waypoint. Default 0.
   */
  readonly retries?: number
}
