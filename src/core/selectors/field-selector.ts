import { InvalidError } from '../errors.js'
import type { FieldReader, FieldRequirement } from './field-requirement.js'
import { fieldTest, formatFieldRequirement } from './field-requirement.js'

/** A compiled, immutable condition on fields. */
export interface FieldSelector {
  /** True when it selects everything. */
  readonly empty: boolean
  /** In the order of the terms' written text. */
  readonly requirements: readonly FieldRequirement[]
  /** Pairs that every match must have. Indexes start from these. */
  readonly equalities: readonly (readonly [field: string, value: string])[]
  /** Whether the fields satisfy every requirement. `get` answers `''` for a field that is absent. */
  matches(get: FieldReader): boolean
  /** Canonical text; parses back to the same requirements, terms sorted by how they were written. */
  toString(): string
}

/**
 * Longest selector text that is parsed; anything longer is refused.
 *
 * @internal
 */
export const FIELD_SELECTOR_LENGTH_MAX = 65_536

/** In this order at each position, as the first match splits a term. */
const OPERATORS = ['!=', '==', '='] as const
const SET_TERM = /([^\s=!<>(),\\]+) +(in|notin) *\(/y
const NUMBER_TERM = /^([^\s=!<>(),\\]+) *(>=|<=|>|<)(.*)$/s
const NUMBER = /^ *[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? *$/

/**
 * Reads Kubernetes' field selector grammar, `metadata.name=web,spec.nodeName!=`, with sets as in label selectors,
 * `spec.zone in (a,b)` and `spec.zone notin (c)`, and comparisons of numbers, `spec.replicas>3`, also `<`, `>=`, `<=`.
 *
 * Spaces count as text. In a value `\\`, `\,`, `\=`, `\(` and `\)` stand for `\`, `,`, `=`, `(` and `)`. Empty terms are
 * ignored, and so is a term with neither field nor value. An absent field reads as `''`: `a=` matches it, `a!=` does
 * not, and no number is compared with it. Which fields a kind has is not checked here.
 *
 * @throws InvalidError when a term has no operator, a value has a bare `=` or `,` or an unknown escape, a comparison is
 * not with a number, or the text is longer than 65,536 characters
 */
export function parseFieldSelector(text: string): FieldSelector {
  if (text.length > FIELD_SELECTOR_LENGTH_MAX) {
    throw fault(text, `a selector has at most ${FIELD_SELECTOR_LENGTH_MAX} characters`)
  }
  const requirements = splitAtCommas(text, true)
    .filter(term => term !== '')
    .sort()
    .map(term => parseTerm(term, text))
    .filter(({ field, values }) => field !== '' || values[0] !== '')
  return fieldSelectorOf(requirements)
}

/** Compiles requirements that must all hold; none at all selects everything. */
function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  const all = Object.freeze(requirements.map(requirement => Object.freeze({ ...requirement })))
  const text = all.map(formatFieldRequirement).join(',')
  const tests = all.map(fieldTest)
  return Object.freeze({
    empty: all.length === 0,
    requirements: all,
    equalities: Object.freeze(
      all.flatMap(({ field, operator, values: [value = ''] }) =>
        operator === '=' ? [[field, value] as const] : [],
      ),
    ),
    matches: (get: FieldReader) => {
      for (const test of tests) if (!test(get)) return false
      return true
    },
    toString: () => text,
  })
}

/** At commas that no backslash precedes; not at those in the brackets of a set, if sets are looked for. */
function splitAtCommas(text: string, sets: boolean): string[] {
  const terms: string[] = []
  let start = 0
  for (let index = 0; index < text.length; index++) {
    if (sets && index === start) {
      SET_TERM.lastIndex = start
      if (SET_TERM.test(text)) index = endOfSet(text, SET_TERM.lastIndex)
    }
    const character = text.charAt(index)
    if (character === '\\') index++
    else if (character === ',') {
      terms.push(text.slice(start, index))
      start = index + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

/** Where the brackets that are open close. */
function endOfSet(text: string, from: number): number {
  for (let index = from; index < text.length; index++) {
    if (text.charAt(index) === '\\') index++
    else if (text.charAt(index) === ')') return index + 1
  }
  throw fault(text, 'a "(" has no ")"')
}

function parseTerm(term: string, text: string): FieldRequirement {
  SET_TERM.lastIndex = 0
  const [opening, field = '', operator] = SET_TERM.exec(term) ?? []
  if (opening !== undefined) {
    if (endOfSet(term, opening.length) < term.length)
      throw fault(text, `expected "," or the end after the set of ${field}`)
    const list = splitAtCommas(term.slice(opening.length, -1), false)
    const values = list.map(value => unescapeValue(value, text))
    return { field, operator: operator as 'in' | 'notin', values: [...new Set(values)].sort() }
  }
  return parseNumberTerm(term, text) ?? parseTextTerm(term, text)
}

function parseNumberTerm(term: string, text: string): FieldRequirement | undefined {
  const [, field, operator, value = ''] = NUMBER_TERM.exec(term) ?? []
  if (field === undefined) return undefined
  if (!NUMBER.test(value)) throw fault(text, `${field}${operator} must be followed by a number`)
  return { field, operator: operator as '>' | '<' | '>=' | '<=', values: [value.trim()] }
}

function parseTextTerm(term: string, text: string): FieldRequirement {
  for (let index = 0; index < term.length; index++) {
    const operator = OPERATORS.find(candidate => term.startsWith(candidate, index))
    if (operator === undefined) continue
    const value = unescapeValue(term.slice(index + operator.length), text)
    return { field: term.slice(0, index), operator: operator === '!=' ? '!=' : '=', values: [value] }
  }
  throw fault(text, `the term ${JSON.stringify(term)} needs one of = == != in notin > < >= <=`)
}

function unescapeValue(raw: string, text: string): string {
  let value = ''
  for (let index = 0; index < raw.length; index++) {
    let character = raw.charAt(index)
    if (character === '=' || character === ',')
      throw fault(text, `write "\\${character}" for "${character}" in a value`)
    if (character === '\\') {
      character = raw.charAt(++index)
      if (character === '' || !'\\,=()'.includes(character))
        throw fault(text, 'a "\\" must be followed by "\\", ",", "=", "(" or ")"')
    }
    value += character
  }
  return value
}

function fault(text: string, message: string): InvalidError {
  return new InvalidError('field selector', [{ field: 'fieldSelector', value: text, message }])
}
