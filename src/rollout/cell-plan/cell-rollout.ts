import { CRASH_LOOP_WINDOW_MS } from '../instance-failure.js'
import type { EntryOutcome } from '../revision-ledger.js'

/** What a rollout of cells remembers between two steps: one JSON record. Times are epoch ms. */
export interface CellRolloutState {
  /** The ledger entry that is rolled out; another number is another rollout. */
  readonly entry: number
  /** `failed` may still get there; `halted` does nothing more by itself. */
  readonly phase: 'progressing' | 'succeeded' | 'failed' | 'halted'
  /** The most cells that ran it at once so far, and since when. */
  readonly best: number
  readonly progressAtMs: number
  /** Since when its clock stands, because it is paused or nothing is due. */
  readonly pausedAtMs?: number
  readonly cause?: CellRolloutFailure
  /** How often it was tried again. Absent before the first time. */
  readonly retries?: number
  /** Tasks that have ended so far, and when those of the last minute were noticed. */
  readonly ended: { readonly count: number; readonly atMs: readonly number[] }
}

/** Why a rollout of cells has failed. */
export type CellRolloutFailure = 'deadline' | 'crash-loop'

/** What is seen of a rollout. */
export interface CellRolloutFacts {
  readonly entry: number
  /** Cells that run the revision and are available. */
  readonly updated: number
  /** Every cell that is wanted does, and at least one is wanted. */
  readonly done: boolean
  /** Tasks of the revision that have ended. */
  readonly failures: number
  /** How often somebody has asked to try it again. */
  readonly retries: number
  readonly paused: boolean
  /** Nothing is due: none is wanted, or all is there but what is held back on purpose. */
  readonly resting: boolean
  /** Whether there is another revision that has succeeded, and this one is no revert itself. */
  readonly mayRevert: boolean
}

/** When a rollout has failed, and what follows. */
export interface CellRolloutPolicy {
  readonly deadlineMs: number
  /** So many tasks of the new revision that end within a minute are a crash loop. */
  readonly crashes: number
  readonly action: 'continue' | 'pause' | 'revert'
}

/** What follows for the ledger and the cells. */
export interface CellRolloutStep {
  readonly state: CellRolloutState
  /** Outcomes to note, by entry. */
  readonly outcomes: readonly {
    readonly entry: number
    readonly outcome: EntryOutcome
    readonly cause?: CellRolloutFailure
  }[]
  /** Go back to what succeeded last, as a new entry. */
  readonly revert: boolean
  /** Whether cells may change now. */
  readonly moves: boolean
  readonly wakeAtMs?: number
}

/**
 * How far a rollout of cells is, and what follows. Pure. Progress is a new best of cells that run the revision; time
 * spent paused, or with nothing due, does not count. A failure is answered once; what failed and gets there after all has
 * succeeded. Who asks to try it again has it begin again, with no task ended yet.
 */
export function stepCellRollout(
  before: CellRolloutState | undefined,
  facts: CellRolloutFacts,
  policy: CellRolloutPolicy,
  nowMs: number,
): CellRolloutStep {
  const { entry } = facts
  const isOther = before !== undefined && before.entry !== entry
  const superseded =
    isOther && before.phase === 'progressing' ? [{ entry: before.entry, outcome: 'superseded' as const }] : []
  const base = withEnded(recordFor(before, facts, nowMs), facts, policy, nowMs)
  if (facts.done) {
    const { cause: _cause, pausedAtMs: _pausedAtMs, ...kept } = base
    const state: CellRolloutState = { ...kept, phase: 'succeeded', best: Math.max(base.best, facts.updated) }
    const outcomes =
      base.phase === 'succeeded' ? [] : [...superseded, { entry, outcome: 'succeeded' as const }]
    return { state, outcomes, revert: false, moves: true }
  }
  const state = withClock(base, facts, nowMs)
  // What has arrived before changes without a deadline: a node that joins, an ordinal that was replaced.
  if (state.phase !== 'progressing' || state.pausedAtMs !== undefined) {
    const stands =
      state.pausedAtMs !== undefined || (state.phase !== 'succeeded' && policy.action !== 'continue')
    return { state, outcomes: superseded, revert: false, moves: !stands }
  }
  const dueMs = state.progressAtMs + policy.deadlineMs
  const cause: CellRolloutFailure | undefined =
    state.ended.atMs.length >= policy.crashes ? 'crash-loop' : nowMs >= dueMs ? 'deadline' : undefined
  if (cause === undefined) return { state, outcomes: superseded, revert: false, moves: true, wakeAtMs: dueMs }
  const revert = policy.action === 'revert' && facts.mayRevert
  const phase = policy.action === 'revert' && !revert ? 'halted' : 'failed'
  return {
    state: { ...state, phase, cause },
    outcomes: [...superseded, { entry, outcome: 'failed', cause }],
    revert,
    moves: policy.action === 'continue',
  }
}

function recordFor(
  before: CellRolloutState | undefined,
  { entry, retries, failures }: CellRolloutFacts,
  nowMs: number,
): CellRolloutState {
  if (before?.entry === entry && retries <= (before.retries ?? 0)) return before
  return {
    entry,
    phase: 'progressing',
    best: 0,
    progressAtMs: nowMs,
    ended: { count: failures, atMs: [] },
    ...(retries === 0 ? {} : { retries }),
  }
}

/** The record with the tasks that have ended since, each at the time it was noticed, as those of a Deployment. */
function withEnded(
  state: CellRolloutState,
  { failures }: CellRolloutFacts,
  { crashes }: CellRolloutPolicy,
  nowMs: number,
): CellRolloutState {
  const { count, atMs } = state.ended
  const fresh = Array.from({ length: Math.max(0, Math.min(failures - count, crashes)) }, () => nowMs)
  // After a clock was put back the minute begins again.
  const recent = atMs.map(time => Math.min(time, nowMs)).filter(time => nowMs - time <= CRASH_LOOP_WINDOW_MS)
  return { ...state, ended: { count: failures, atMs: [...recent, ...fresh].slice(-crashes) } }
}

/** The record with the progress made, and with the clock stopped while paused, or while nothing is due. */
function withClock(state: CellRolloutState, facts: CellRolloutFacts, nowMs: number): CellRolloutState {
  const { pausedAtMs, ...running } = state
  if (facts.paused || facts.resting) return { ...running, pausedAtMs: pausedAtMs ?? nowMs }
  const resumed =
    pausedAtMs === undefined
      ? running
      : { ...running, progressAtMs: running.progressAtMs + Math.max(0, nowMs - pausedAtMs) }
  // A clock that was put back begins the wait again, and does not make it longer.
  const progressAtMs = Math.min(resumed.progressAtMs, nowMs)
  if (facts.updated > resumed.best) return { ...resumed, best: facts.updated, progressAtMs: nowMs }
  return { ...resumed, progressAtMs }
}
