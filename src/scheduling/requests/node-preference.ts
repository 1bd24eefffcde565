import type { NodePreference, NodeTest } from '../../core/internal.js'
import { compileNodeTerm } from '../../core/internal.js'

/** A preference with its test. */
export interface CompiledPreference {
  readonly weight: number
  readonly matches: NodeTest
}

/** @throws InvalidError when an expression is not acceptable */
export function compilePreferences(
  preferences: readonly NodePreference[] = [],
): readonly CompiledPreference[] {
  return preferences.flatMap(({ weight, ...term }) => {
    const isEmpty = (term.matchExpressions ?? []).length + (term.matchFields ?? []).length === 0
    return weight === 0 || isEmpty ? [] : [{ weight, matches: compileNodeTerm(term) }]
  })
}
