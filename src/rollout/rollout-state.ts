import type { FailureCause } from './failure-cause.js'
import type { Marks } from './gates.js'
import type { HeldGoal } from './goal.js'

/**
 * Where a rollout stands. No record at all means idle.
 *
 * `progressing → succeeded`; `reverting → reverted`; either `⇄ paused`; either `→ aborted`, with the capacity back at
 * what was stable; either `→ halted` when it failed and must not go back. `aborted`, `halted` and a pause after a failure
 * are left by a new ledger entry or a retry; the last two also by setting `paused` and lifting it.
 */
export type RolloutPhase =
  | 'progressing'
  | 'paused'
  | 'succeeded'
  | 'reverting'
  | 'reverted'
  | 'aborted'
  | 'halted'

/** What went wrong, with which template, when. */
export interface RolloutFailure {
  readonly cause: FailureCause
  readonly entry: number
  readonly template: string
  readonly atMs: number
}

/** All that a rollout remembers between two steps: one JSON record. Times are epoch milliseconds. */
export interface RolloutState {
  /** The ledger entry that is being rolled out; another number is another rollout. */
  readonly entry: number
  /** Content hash of its template. */
  readonly template: string
  readonly phase: RolloutPhase
  /** Index of the waypoint that is being walked to. */
  readonly waypoint: number
  /** Automatic reverts in a row that led here. */
  readonly reverts: number
  /** The desired count of the last step. */
  readonly desired: number
  readonly progressAtMs: number
  /** When it began, or was tried again; what failed before does not count. A pause moves it. */
  readonly startedAtMs: number
  readonly best: Marks
  /** Since when the waypoint is reached; `isLost` while it no longer is, because instances fell out. Absent before that. */
  readonly atWaypoint?: { readonly sinceMs: number; readonly isLost: boolean }
  /** How often it was tried again by hand. Default 0. */
  readonly retries?: number
  /** Failed instances that were there before and do not count. */
  readonly failedBefore: number
  /** Since when `spec.paused` has been in force. */
  readonly pausedAtMs?: number
  /** While paused or halted: the sizes to keep. */
  readonly held?: HeldGoal
  /** The last failure: of this entry, or of the one that this entry reverts. */
  readonly failure?: RolloutFailure
}

/** True while the rollout still wants to get somewhere. */
export function isUnfinished(state: RolloutState): boolean {
  return state.phase === 'progressing' || state.phase === 'paused' || state.phase === 'reverting'
}

/** The record by a clock that may have been put back: what waits begins again, and waits no longer than from the start. */
export function notAhead(state: RolloutState, nowMs: number): RolloutState {
  const { progressAtMs, startedAtMs, pausedAtMs = nowMs, atWaypoint } = state
  const isAhead = Math.max(progressAtMs, startedAtMs, pausedAtMs, atWaypoint?.sinceMs ?? nowMs) > nowMs
  if (!isAhead) return state
  return {
    ...state,
    progressAtMs: Math.min(progressAtMs, nowMs),
    startedAtMs: Math.min(startedAtMs, nowMs),
    ...(state.pausedAtMs === undefined ? {} : { pausedAtMs: Math.min(pausedAtMs, nowMs) }),
    ...(atWaypoint === undefined
      ? {}
      : { atWaypoint: { ...atWaypoint, sinceMs: Math.min(atWaypoint.sinceMs, nowMs) } }),
  }
}

/** The failure of the entry that is being rolled out, if it has failed. */
export function ownFailure(state: RolloutState): RolloutFailure | undefined {
  return state.failure?.entry === state.entry ? state.failure : undefined
}
