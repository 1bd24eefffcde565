import type { Action } from '../actions/action.js'
import type { ActionList } from '../actions/action-list.js'
import type { FaultKind } from '../actions/faults/faults.js'
import type { StateLines } from '../objects/state-lines.js'

/**
 * What distinguishes two states of an idle process: `visible` is what can be seen of it, and it must say
 * what else it remembers in `site.memory`; `history` is everything that has happened to it since its start.
 */
export type Recall = 'visible' | 'history'

/** How a search distinguishes states. */
export interface Distinction {
  readonly recall: Recall
  /** What was read of states before; one for all executions of a search, as keys are made of it. */
  readonly lines: StateLines
}

/** The state in which an execution is, for searches that know states. */
export interface CurrentState {
  /** The same for two states from which the same can happen; see `StateKeys`. */
  key(): string
  /** The key that there would be if that process were gone. */
  keyWithout(process: string): string
  /** An action, as it is called in all states of one key. */
  labelOf(action: Action): string
  /** True while there is nothing outside the store that a process could have changed in passing. */
  isPlain(): boolean
  /** How many more faults of each kind may happen. */
  readonly left: Readonly<Record<FaultKind, number>>
}

/** Decides what happens next. */
export interface ChoiceSource {
  /** Present when it wants to know states. */
  readonly states?: Distinction
  /** True when it is not asked any more: all that is left goes the undisturbed way, and what else could happen is not worked out. */
  readonly isOver?: boolean
  /**
   * An index into `actions`, of which there are two at least, or `stop` when the rest is known. The first is always
   * the undisturbed way on.
   *
   * @param where the state, for a source with `states`; undefined before the world begins
   */
  choose(actions: ActionList, where?: CurrentState): number | 'stop'
}
