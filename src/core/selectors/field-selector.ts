import { InvalidError } from '../errors.js'

/** One condition on one field, compared as text. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** A compiled, immutable condition on fields. */
export interface FieldSelector {
  /** True when it selects everything. */
  readonly empty: boolean
  /** In the order of the terms' written text. */
  readonly requirements: readonly FieldRequirement[]
  /** Pairs that every match must have. Indexes start from these. */
  readonly equalities: readonly (readonly [field: string, value: string])[]
  /** Whether the fields satisfy every requirement. `get` answers `''` for a field that is absent. */
  matches(get: (field: string) => string): boolean
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

/**
 * Reads Kubernetes' field selector grammar: `metadata.name=web,spec.nodeName!=`.
 *
 * Spaces count as text. In a value `\\`, `\,` and `\=` stand for `\`, `,` and `=`. Empty terms are ignored,
 * and so is a term with neither field nor value. An absent field reads as `''`: `a=` matches it, `a!=` does
 * not. Which fields a kind has is not checked here.
 *
 * @throws InvalidError when a term has no operator, a value has a bare `=` or `,` or an unknown escape, or
 * the text is longer than 65,536 characters
 */
export function parseFieldSelector(text: string): FieldSelector {
  if (text.length > FIELD_SELECTOR_LENGTH_MAX) {
    throw fault(text, `a selector has at most ${FIELD_SELECTOR_LENGTH_MAX} characters`)
  }
  const requirements = splitTerms(text)
    .filter(term => term !== '')
    .sort()
    .map(term => parseTerm(term, text))
    .filter(({ field, value }) => field !== '' || value !== '')
  return fieldSelectorOf(requirements)
}

/** Compiles requirements that must all hold; none at all selects everything. */
function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  const all = Object.freeze(requirements.map(requirement => Object.freeze({ ...requirement })))
  const text = all
    .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
    .join(',')
  return Object.freeze({
    empty: all.length === 0,
    requirements: all,
    equalities: Object.freeze(
      all.flatMap(({ field, operator, value }) => (operator === '=' ? [[field, value] as const] : [])),
    ),
    matches: (get: (field: string) => string) => {
      for (const { field, operator, value } of all)
        if ((get(field) === value) !== (operator === '=')) return false
      return true
    },
    toString: () => text,
  })
}

/** Writes a value so that it can stand in a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&')
}

/** At commas that no backslash precedes. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let index = 0; index < text.length; index++) {
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

function parseTerm(term: string, text: string): FieldRequirement {
  for (let index = 0; index < term.length; index++) {
    const operator = OPERATORS.find(candidate => term.startsWith(candidate, index))
    if (operator === undefined) continue
    const value = unescapeValue(term.slice(index + operator.length), text)
    return { field: term.slice(0, index), operator: operator === '!=' ? '!=' : '=', value }
  }
  throw fault(text, `the term ${JSON.stringify(term)} needs one of = == !=`)
}

function unescapeValue(raw: string, text: string): string {
  let value = ''
  for (let index = 0; index < raw.length; index++) {
    let character = raw.charAt(index)
    if (character === '=' || character === ',')
      throw fault(text, `write "\\${character}" for "${character}" in a value`)
    if (character === '\\') {
      character = raw.charAt(++index)
      if (character === '' || !'\\,='.includes(character))
        throw fault(text, 'a "\\" must be followed by "\\", "," or "="')
    }
    value += character
  }
  return value
}

function fault(text: string, message: string): InvalidError {
  return new InvalidError('field selector', [{ field: 'fieldSelector', value: text, message }])
}
