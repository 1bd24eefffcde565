import { InvalidError } from '../../errors.js'
import type { NodeOperator } from '../constraint-operators.js'
import type { Constraint } from '../constraints.js'

/** A `constraint` block of a job. */
export interface NomadConstraint {
  /** `${attr.kernel.name}`; the braces may be left out. */
  readonly attribute?: string
  /** Default `=`. */
  readonly operator?: string
  readonly value?: string
}

/** The attribute that tells nodes apart. */
const NODE_ID = 'node.unique.id'

const OPERATORS: Readonly<Record<string, NodeOperator>> = {
  '=': 'equals',
  '==': 'equals',
  is: 'equals',
  '!=': 'notEquals',
  not: 'notEquals',
  '<': 'less',
  '<=': 'lessOrEqual',
  '>': 'greater',
  '>=': 'greaterOrEqual',
  regexp: 'search',
  version: 'version',
  semver: 'semver',
  set_contains: 'containsAll',
  set_contains_all: 'containsAll',
  set_contains_any: 'containsAny',
  is_set: 'exists',
  is_not_set: 'doesNotExist',
}

/**
 * A Nomad constraint block; none when `distinct_hosts` is switched off.
 * `distinct_hosts` is a unique `node.unique.id`, `distinct_property` a `maxPer` of its value (default 1).
 *
 * @throws InvalidError for an unknown operator, or a missing attribute or value
 */
export function nomadConstraints({
  attribute = '',
  operator = '=',
  value,
}: NomadConstraint): readonly Constraint[] {
  if (operator === 'distinct_hosts') {
    if (value !== undefined && !/^(true|false|1|0)?$/.test(value))
      throw fault('value', value, 'must be true or false')
    return value === 'false' || value === '0' ? [] : [{ attribute: NODE_ID, operator: 'unique' }]
  }
  const name = /^\$\{(.*)\}$/.exec(attribute)?.[1] ?? attribute
  if (name === '') throw fault('attribute', attribute, 'must name an attribute')
  if (operator === 'distinct_property') {
    return [{ attribute: name, operator: 'maxPer', value: value === undefined || value === '' ? '1' : value }]
  }
  const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  if (known === undefined) throw fault('operator', operator, 'must be an operator of a Nomad constraint')
  if (known === 'exists' || known === 'doesNotExist') return [{ attribute: name, operator: known }]
  if (value === undefined) throw fault('value', value, `must not be left out for ${operator}`)
  return [{ attribute: name, operator: known, value }]
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('Nomad constraint', [{ field, value, message }])
}
