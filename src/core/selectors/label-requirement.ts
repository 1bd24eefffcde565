import { InvalidError } from '../errors.js'
import { parseInt64 } from '../text/integer-text.js'
import { labelKeyProblem, labelValueProblem } from './label-syntax.js'

/** How a requirement compares. `=` and `==` mean the same and are printed as they were written. */
export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'

/** One condition on one label. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted, without duplicates; empty for `exists` and `!`; exactly one for `=`, `==`, `!=`, `>` and `<`. */
  readonly values: readonly string[]
}

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>

/** Decides one requirement. Absent labels satisfy `!=`, `notin` and `!` only. */
export type LabelTest = (labels: Labels) => boolean

/**
 * Makes a checked, frozen requirement.
 *
 * @throws InvalidError when the key or a value breaks the label syntax, or the values do not suit the
 * operator
 */
export function labelRequirement(
  key: string,
  operator: LabelOperator,
  values: readonly string[],
): LabelRequirement {
  const problem = labelKeyProblem(key) ?? valuesProblem(operator, values)
  if (problem !== undefined) {
    throw new InvalidError('label selector', [
      { field: key, value: `${operator} ${values.join(',')}`, message: problem },
    ])
  }
  return Object.freeze({ key, operator, values: Object.freeze([...new Set(values)].sort()) })
}

function valuesProblem(operator: LabelOperator, values: readonly string[]): string | undefined {
  for (const value of values) {
    const problem = labelValueProblem(value)
    if (problem !== undefined) return problem
  }
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? `${operator} needs at least one value` : undefined
    case 'exists':
    case '!':
      return values.length === 0 ? undefined : `${operator} takes no value`
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? undefined : `${operator} takes exactly one value`
    case '>':
    case '<':
      if (values.length !== 1) return `${operator} takes exactly one value`
      return parseInt64(values[0] ?? '') === undefined
        ? `${operator} compares with a 64-bit integer`
        : undefined
  }
}

/** The requirement in selector grammar. */
export function formatLabelRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    default:
      return `${key}${operator}${values[0] ?? ''}`
  }
}

/** Compiles a requirement; the returned function allocates nothing. */
export function labelTest({ key, operator, values }: LabelRequirement): LabelTest {
  const value = values[0] ?? ''
  switch (operator) {
    case '=':
    case '==':
      return labels => Object.hasOwn(labels, key) && labels[key] === value
    case '!=':
      return labels => !Object.hasOwn(labels, key) || labels[key] !== value
    case 'exists':
      return labels => Object.hasOwn(labels, key)
    case '!':
      return labels => !Object.hasOwn(labels, key)
    case 'in':
    case 'notin': {
      const wanted = new Set(values)
      const whenPresent = operator === 'in'
      return labels =>
        Object.hasOwn(labels, key) ? wanted.has(labels[key] ?? '') === whenPresent : !whenPresent
    }
    case '>':
    case '<':
      return integerTest(key, operator, value)
  }
}

/** Both sides are signed 64-bit integers; a label that is absent or not a number never matches. */
function integerTest(key: string, operator: '>' | '<', text: string): LabelTest {
  const threshold = parseInt64(text) ?? 0n
  return labels => {
    const actual = Object.hasOwn(labels, key) ? parseInt64(labels[key] ?? '') : undefined
    if (actual === undefined) return false
    return operator === '>' ? actual > threshold : actual < threshold
  }
}
