/** How a field is compared. */
export type FieldOperator = '=' | '!=' | 'in' | 'notin' | '>' | '<' | '>=' | '<='

/** One condition on one field: as text, or as a number for `>`, `<`, `>=` and `<=`. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: FieldOperator
  /** One, but for `in` and `notin`. */
  readonly values: readonly string[]
}

/** Reads the text of a field; absent is `''`. */
export type FieldReader = (field: string) => string

/** The test of a requirement. A text that is no number is neither more nor less than any. */
export function fieldTest({ field, operator, values }: FieldRequirement): (get: FieldReader) => boolean {
  const [value = ''] = values
  switch (operator) {
    case '=':
      return get => get(field) === value
    case '!=':
      return get => get(field) !== value
    case 'in':
    case 'notin': {
      const known = new Set(values)
      return get => known.has(get(field)) === (operator === 'in')
    }
    default: {
      const bound = Number(value)
      const compare = COMPARISONS[operator]
      return get => {
        const text = get(field)
        return text !== '' && compare(Number(text), bound)
      }
    }
  }
}

const COMPARISONS = {
  '>': (left: number, right: number) => left > right,
  '<': (left: number, right: number) => left < right,
  '>=': (left: number, right: number) => left >= right,
  '<=': (left: number, right: number) => left <= right,
} as const

/** The requirement as it is written in a selector. */
export function formatFieldRequirement({ field, operator, values }: FieldRequirement): string {
  const texts = values.map(escapeFieldValue)
  return operator === 'in' || operator === 'notin'
    ? `${field} ${operator} (${texts.join(',')})`
    : `${field}${operator}${texts.join('')}`
}

/** Writes a value so that it can stand in a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=()]/g, '\\$&')
}
