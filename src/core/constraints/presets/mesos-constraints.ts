import { InvalidError } from '../../errors.js'
import type { Constraint } from '../constraints.js'

/** A predicate of Mesos' offer constraints on one attribute. */
export interface MesosAttributeConstraint {
  readonly attribute: string
  readonly predicate: 'EXISTS' | 'NOT_EXISTS' | 'EQUALS' | 'NOT_EQUALS' | 'MATCHES' | 'NOT_MATCHES'
  /** Text or pattern; left out for `EXISTS` and `NOT_EXISTS`. */
  readonly value?: string
}

const OPERATORS = {
  EXISTS: 'exists',
  NOT_EXISTS: 'doesNotExist',
  EQUALS: 'equals',
  NOT_EQUALS: 'notEquals',
  MATCHES: 'matches',
  NOT_MATCHES: 'notMatches',
} as const

/**
 * A Mesos offer constraint. Predicates on text are satisfied by attributes that are not text.
 * Groups are alternatives: a node is fine when any group's constraints all hold.
 *
 * @throws InvalidError for an unknown predicate or a missing value
 */
export function mesosConstraint({ attribute, predicate, value }: MesosAttributeConstraint): Constraint {
  if (!Object.hasOwn(OPERATORS, predicate)) {
    throw fault('predicate', predicate, `must be one of ${Object.keys(OPERATORS).join(', ')}`)
  }
  const operator = OPERATORS[predicate]
  if (operator === 'exists' || operator === 'doesNotExist') return { attribute, operator }
  if (value === undefined) throw fault('value', value, `must be text for ${predicate}`)
  return { attribute, operator, value, textOnly: true }
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('offer constraint', [{ field, value, message }])
}
