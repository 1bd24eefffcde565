import { InvalidError } from '../../core/index.js'
import type { NodePreference } from '../../core/internal.js'
import type { NodeTest } from './node-selector.js'
import { compileNodeSelector } from './node-selector.js'

/** A preference with its test. */
export interface CompiledPreference {
  readonly weight: number
  readonly matches: NodeTest
}

/** @throws InvalidError when a weight or an expression is not acceptable */
export function compilePreferences(
  preferences: readonly NodePreference[] = [],
): readonly CompiledPreference[] {
  return preferences.flatMap((preference, index) => {
    const { weight, ...term } = preference
    if (!Number.isInteger(weight) || weight < -100 || weight > 100) {
      const message = 'must be a whole number from −100 to 100'
      throw new InvalidError('placement request', [
        { field: `preferences[${index}].weight`, value: weight, message },
      ])
    }
    const matches = compileNodeSelector({ terms: [term] })
    const isEmpty = (term.matchExpressions ?? []).length + (term.matchFields ?? []).length === 0
    return weight === 0 || isEmpty || matches === undefined ? [] : [{ weight, matches }]
  })
}
