import type { FieldProblem } from '../../core/index.js'

/** What is wrong with an option that is one of a few words, or absent. */
export function oneOf(field: string, value: unknown, words: readonly string[]): readonly FieldProblem[] {
  if (value === undefined || words.includes(value as string)) return []
  return [{ field, value, message: `must be ${words.join(' or ')}` }]
}
