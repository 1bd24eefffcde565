import { InvalidError } from '../../errors.js'
import type { Constraint } from '../constraints.js'

/** Field, operator and perhaps a value, as in an app definition. */
export type MarathonConstraint = readonly [field: string, operator: string, value?: string]

const OPERATORS = 'UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER, IS'

/**
 * A Marathon triple as a constraint. `@hostname` is the attribute `hostname`; other fields keep their name.
 *
 * Two differences from Marathon: `MAX_PER 0` refuses every node, and `GROUP_BY` without a number balances
 * over the values that candidate nodes have.
 *
 * @throws InvalidError for an unknown operator or a missing value
 */
export function marathonConstraint([field, operator, value = '']: MarathonConstraint): Constraint {
  const attribute = field === '@hostname' ? 'hostname' : field
  switch (operator.toUpperCase()) {
    case 'UNIQUE':
      return { attribute, operator: 'unique' }
    case 'CLUSTER':
      return value === '' ? { attribute, operator: 'cluster' } : { attribute, operator: 'equals', value }
    case 'GROUP_BY':
      return value === '' ? { attribute, operator: 'groupBy' } : { attribute, operator: 'groupBy', value }
    case 'LIKE':
      return { attribute, operator: 'matches', value: required(value, operator) }
    case 'UNLIKE':
      return { attribute, operator: 'notMatches', value: required(value, operator) }
    case 'MAX_PER':
      return { attribute, operator: 'maxPer', value: required(value, operator) }
    case 'IS':
      return { attribute, operator: 'is', value: required(value, operator) }
    default:
      throw fault('operator', operator, `must be one of ${OPERATORS}`)
  }
}

function required(value: string, operator: string): string {
  if (value === '') throw fault('value', value, `must not be empty for ${operator}`)
  return value
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('Marathon constraint', [{ field, value, message }])
}
