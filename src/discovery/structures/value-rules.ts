import type { FieldProblem } from '../../core/index.js'
import type { OptionNames, WholeNumberRange } from '../../core/internal.js'
import { isRecord, nearestName, wholeNumber } from '../../core/internal.js'

/**
 * What is wrong with a value, whatever it is. Fields are paths from the value on, `''` for the value itself: whoever
 * holds it puts the way to it in front, so that a value with nothing wrong costs no text.
 */
export type ValueRule = (value: unknown) => readonly FieldProblem[]

const NOTHING: readonly FieldProblem[] = []
/** Where a look ends. An error lists 100 problems: with one more it says that there are others. */
const ENOUGH = 101

/** One problem with the value itself, or with a part of it. */
export function wrong(value: unknown, message: string, field = ''): readonly FieldProblem[] {
  return [{ field, value, message }]
}

/** A text that passes the test. */
export function textRule(message: string, test: (text: string) => boolean = () => true): ValueRule {
  return value => (typeof value === 'string' && test(value) ? NOTHING : wrong(value, message))
}

/** One of a few texts, which the compiler checks: none is missing and none is too much. */
export function choiceRule<Choice extends string>(choices: Readonly<Record<Choice, true>>): ValueRule {
  const names = Object.keys(choices)
  return value => {
    if (typeof value === 'string' && Object.hasOwn(choices, value)) return NOTHING
    return wrong(value, `must be one of ${names.join(', ')}${hint(value, names)}`)
  }
}

export function wholeRule(range: WholeNumberRange): ValueRule {
  return value => wholeNumber('', value, range)
}

/** A finite number of at least 0. */
export const amountRule: ValueRule = value =>
  Number.isFinite(value) && (value as number) >= 0 ? NOTHING : wrong(value, 'must be a finite number ≥ 0')

export const flagRule: ValueRule = value =>
  typeof value === 'boolean' ? NOTHING : wrong(value, 'must be true or false')

/** The value may be left out. */
export function optional(rule: ValueRule): ValueRule {
  return value => (value === undefined ? NOTHING : rule(value))
}

/** A list whose items each follow the rule. */
export function listRule(rule: ValueRule, { what, max, remedy = '' }: ListBound): ValueRule {
  return value => {
    if (!Array.isArray(value)) return wrong(value, `must be a list of ${what}`)
    if (value.length > max) return wrong(value, `must hold at most ${max} ${what}${remedy}`)
    return itemProblems(value, rule)
  }
}

/** How many items a list may have, and how they are called. */
export interface ListBound {
  readonly what: string
  readonly max: number
  /** What to do with more. */
  readonly remedy?: string
}

/** What is wrong with the items of a list. */
export function itemProblems(items: readonly unknown[], rule: ValueRule): readonly FieldProblem[] {
  let problems = NOTHING
  for (let at = 0; at < items.length && problems.length < ENOUGH; at++) {
    const found = rule(items[at])
    if (found.length > 0) problems = [...problems, ...below(`[${at}]`, found)]
  }
  return problems
}

/** An object whose names and values each follow one rule. */
export function recordRule(names: ValueRule, values: ValueRule): ValueRule {
  return record => {
    if (!isRecord(record)) return wrong(record, 'must be an object')
    let problems = NOTHING
    for (const name in record) {
      if (problems.length >= ENOUGH) break
      const found = [names(name), values(record[name])]
      for (const each of found) if (each.length > 0) problems = [...problems, ...below(pathTo(name), each)]
    }
    return problems
  }
}

/** An object of these members and no others; the compiler checks that they are those of the type. */
export function membersRule<Members>(
  what: string,
  rules: Readonly<Record<keyof OptionNames<Members>, ValueRule>>,
): ValueRule {
  const names = Object.keys(rules)
  const checks = Object.values<ValueRule>(rules)
  const known = new Set(names)
  return value => {
    if (!isRecord(value)) return wrong(value, `must be an object: ${what}`)
    let problems = NOTHING
    // By index, for every change comes through here: an iterator would make an array of each pair.
    for (let at = 0; at < names.length; at++) {
      const name = names[at] as string
      const found = (checks[at] as ValueRule)(value[name])
      if (found.length > 0) problems = [...problems, ...below(pathTo(name), found)]
    }
    for (const name in value) {
      if (problems.length >= ENOUGH) break
      if (known.has(name) || value[name] === undefined) continue
      const message = `is no member of ${what}${hint(name, names) || `: ${names.join(', ')}`}`
      problems = [...problems, ...wrong(value[name], message, pathTo(name))]
    }
    return problems
  }
}

/** A second look at what has nothing wrong by itself: how its parts go together. */
export function togetherRule<Value>(
  rule: ValueRule,
  together: (value: Value) => readonly FieldProblem[],
): ValueRule {
  return value => {
    const problems = rule(value)
    return problems.length > 0 ? problems : together(value as Value)
  }
}

/** The way to a member. */
function pathTo(name: string): string {
  return /^[\w-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

function below(path: string, problems: readonly FieldProblem[]): readonly FieldProblem[] {
  return problems.map(({ field, value, message }) => ({ field: `${path}${field}`, value, message }))
}

function hint(value: unknown, names: Iterable<string>): string {
  const near = typeof value === 'string' ? nearestName(value, names) : undefined
  return near === undefined ? '' : `; did you mean ${near}?`
}
