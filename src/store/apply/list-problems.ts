import type { FieldProblem } from '../../core/index.js'
import { joinPath } from '../json/json-border.js'
import type { FieldType, ListKeys } from '../kind/merge-type.js'
import { itemElement, setElement } from './members.js'

/**
 * Every list that is not what is declared for it: a set or a list with keys in which two items are the same. Looks only
 * where something is declared, and not at what `previous` has too.
 */
export function listProblems(
  value: unknown,
  previous: unknown,
  type: FieldType,
  path: readonly (string | number)[],
): FieldProblem[] {
  if (typeof value !== 'object' || value === null || value === previous || type.merge === 'atomic') return []
  const old = (previous ?? undefined) as Readonly<Record<string | number, unknown>> | undefined
  if (Array.isArray(value)) {
    const problems = itemProblems(value, type, path)
    const { items } = type
    if (items === undefined) return problems
    const below = value.flatMap((item, index) => listProblems(item, old?.[index], items, [...path, index]))
    return [...problems, ...below]
  }
  const { fields, others } = type
  if (fields.size === 0 && others === undefined) return []
  const names = others === undefined ? fields.keys() : Object.keys(value)
  return Array.from(names).flatMap(name => {
    const declared = fields.get(name) ?? others
    if (declared === undefined || !Object.hasOwn(value, name)) return []
    const member = (value as Readonly<Record<string, unknown>>)[name]
    return listProblems(member, old?.[name], declared, [...path, name])
  })
}

function itemProblems(
  list: readonly unknown[],
  { merge }: FieldType,
  path: readonly (string | number)[],
): FieldProblem[] {
  if (merge === undefined || merge === 'atomic') return []
  const problems: FieldProblem[] = []
  const seen = new Set<string>()
  for (const [index, value] of list.entries()) {
    const element = merge === 'set' ? setElement(value) : itemElement(value, merge)
    const field = joinPath('', [...path, index])
    if (element === undefined) {
      const wanted =
        merge === 'set' ? 'a text, a number, true or false' : `an object with ${neededKeys(merge).join(', ')}`
      problems.push({ field, value, message: `must be ${wanted}` })
    } else if (seen.has(element)) {
      const same = merge === 'set' ? 'value' : merge.keys.join(', ')
      problems.push({ field, value, message: `has the same ${same} as an item before it` })
    } else seen.add(element)
  }
  return problems
}

function neededKeys({ keys, defaults }: Required<ListKeys>): readonly string[] {
  return keys.filter(key => !Object.hasOwn(defaults, key))
}
