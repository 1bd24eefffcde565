import type { ActionOf } from '../world/action-of.js'

/**
 * What an action is: a step or a `timer` of a process, its `start`, its `stop` when another has replaced it, its
 * `resume` after a stall, what the `user` or the garbage collector (`collect`) does, a `wait` for the next timer, the
 * `rest` at the end; all others are faults.
 */
export type ActionKind =
  | 'commit'
  | 'deliver'
  | 'reconcile'
  | 'call'
  | 'timer'
  | 'start'
  | 'stop'
  | 'resume'
  | 'user'
  | 'collect'
  | 'wait'
  | 'rest'
  | FaultKind

/**
 * What may go wrong:
 * - `crash`: a process dies, and starts again with an empty memory; between two steps, or right after a commit,
 *   before the answer is heard.
 * - `shutdown`: a process is told to stop, as by a signal, and starts again when it has.
 * - `overlap`: of several processes, one is replaced: another starts first, and later the old one is told to stop.
 * - `stall`: the event loop of a process stands still for 30 s, or twice the longest lease; then its steps and timers
 *   run late.
 * - `skew`: the wall clock of a process jumps as far, ahead or back.
 * - `depose`: a stranger takes or deletes the record of an election.
 * - `delay`: a timer fires although steps wait that could have run before.
 * - `touch`: somebody writes an annotation, so that a write under way may lose its race.
 * - `edit`: the user changes the spec of an object, and later changes it back.
 * - `remove`: the user deletes an object, and later creates it again; or somebody deletes an owned one.
 * - `incident`: what the options name.
 * - `loseAnswer`: a write happens, and its writer is told that the store did not answer (code `Unavailable`).
 * - `refuse`: a write does not happen, and its writer is told the same.
 * - `lateAnswer`: a write happens, and its writer hears of it when nothing else can happen without time going on.
 * - `freeze`: a process is told nothing of some kinds until nothing else can happen without time going on.
 * - `disconnect`: a watch ends with an error.
 * - `expire`: the same, and a watch that goes on where it was finds that this has expired.
 * - `stale`: a process starts again at a replica that is behind: what its watches show first is how things were before
 *   the last write, or long before; then they catch up. Off unless asked for, and not for an exhaustive search.
 */
export type FaultKind =
  | 'crash'
  | 'delay'
  | 'touch'
  | 'edit'
  | 'remove'
  | 'incident'
  | 'loseAnswer'
  | 'refuse'
  | 'lateAnswer'
  | 'freeze'
  | 'disconnect'
  | 'expire'
  | 'stale'
  | 'shutdown'
  | 'overlap'
  | 'stall'
  | 'skew'
  | 'depose'

export const FAULT_KINDS: readonly FaultKind[] = [
  'crash',
  'delay',
  'touch',
  'edit',
  'remove',
  'incident',
  'loseAnswer',
  'refuse',
  'lateAnswer',
  'freeze',
  'disconnect',
  'expire',
  'stale',
  'shutdown',
  'overlap',
  'stall',
  'skew',
  'depose',
]

const faultKinds: ReadonlySet<ActionKind> = /* @__PURE__ */ new Set(FAULT_KINDS)

/** One thing that can happen next. */
export type Action = ActionOf<ActionKind>

/** True for what the world could do without. */
export function isFault({ kind }: Pick<Action, 'kind'>): boolean {
  return faultKinds.has(kind)
}
