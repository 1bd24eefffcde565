import type { ActionList } from '../actions/action-list.js'
import type { ChoiceSource } from './choice-source.js'

/** Takes the choices given, then always the first action. An invalid choice counts as the first. */
export function replayChoices(choices: readonly number[]): ChoiceSource {
  return new Replay(choices)
}

class Replay implements ChoiceSource {
  readonly #choices: readonly number[]
  /** Where only first actions are left. */
  readonly #end: number
  #next = 0

  constructor(choices: readonly number[]) {
    this.#choices = choices
    this.#end = choices.findLastIndex(choice => choice !== 0) + 1
  }

  get isOver(): boolean {
    return this.#next >= this.#end
  }

  choose(actions: ActionList): number {
    const choice = this.#choices[this.#next++] ?? 0
    return choice === 0 || choice < actions.length ? choice : 0
  }
}
