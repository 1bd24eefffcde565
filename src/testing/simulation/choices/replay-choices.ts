import type { ChoiceSource } from './choice-source.js'

/** Takes the choices given, then the first action for ever. A choice that is not on offer counts as the first. */
export function replayChoices(choices: readonly number[]): ChoiceSource {
  let next = 0
  return {
    choose: actions => {
      const choice = choices[next++] ?? 0
      return choice < actions.length ? choice : 0
    },
  }
}
