import type { ChoiceSource } from './choice-source.js'

/** Takes the choices given, then always the first action. An invalid choice counts as the first. */
export function replayChoices(choices: readonly number[]): ChoiceSource {
  let next = 0
  return {
    choose: actions => {
      const choice = choices[next++] ?? 0
      return choice < actions.length ? choice : 0
    },
  }
}
