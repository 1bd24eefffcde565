import { InvalidError } from '../../errors.js'
import type { Constraint } from '../constraints.js'

/** A requirement of a node selector term. */
export interface NodeSelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  readonly values?: readonly string[]
}

const OPERATORS = {
  In: 'in',
  NotIn: 'notIn',
  Exists: 'exists',
  DoesNotExist: 'doesNotExist',
  Gt: 'greaterInteger',
  Lt: 'lessInteger',
} as const

/**
 * A Kubernetes node selector requirement as a constraint on the attribute of that name.
 *
 * @throws InvalidError for an unknown operator, or a number of values that does not suit it
 */
export function kubernetesConstraint({ key, operator, values = [] }: NodeSelectorRequirement): Constraint {
  if (!Object.hasOwn(OPERATORS, operator)) {
    throw fault('operator', operator, `must be one of ${Object.keys(OPERATORS).join(', ')}`)
  }
  const attribute = key
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) throw fault('values', values, `must not be empty for ${operator}`)
      return { attribute, operator: OPERATORS[operator], value: values }
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) throw fault('values', values, `must be left out for ${operator}`)
      return { attribute, operator: OPERATORS[operator] }
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) throw fault('values', values, `must be one integer for ${operator}`)
      return { attribute, operator: OPERATORS[operator], value: values }
  }
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('node selector requirement', [{ field, value, message }])
}
