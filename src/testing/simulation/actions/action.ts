import type { ActionOf } from '../world/action-of.js'
import type { FaultKind } from './faults/faults.js'
import { FAULT_KINDS } from './faults/faults.js'

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

const faultKinds: ReadonlySet<ActionKind> = /* @__PURE__ */ new Set(FAULT_KINDS)

/** One thing that can happen next. */
export type Action = ActionOf<ActionKind>

/** True for what the world could do without. */
export function isFault({ kind }: Pick<Action, 'kind'>): boolean {
  return faultKinds.has(kind)
}
