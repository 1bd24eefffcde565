import { InvalidError } from '../../errors.js'
import { parseIpPrefix } from '../../text/ip-prefix.js'
import type { Constraint } from '../constraints.js'

const KEY_PATTERN = /^[a-z_][a-z0-9\-_.]+$/i
const VALUE_PATTERN = /^[a-z0-9:\-_\s.*()?+[\]\\^$|/]+$/i
const PLAIN_KEYS = ['node.id', 'node.hostname', 'node.role', 'node.platform.os', 'node.platform.arch']
const LABEL_PREFIXES = ['node.labels.', 'engine.labels.']

/**
 * A SwarmKit expression, `node.labels.zone == east` or `node.role != manager`, as a constraint.
 *
 * Values compare without case; of keys only the name of a label is sensitive to it, the rest becomes lower
 * case. `node.ip` takes an address or a prefix. A key that Swarm does not know, or an address that is none,
 * gives a constraint that nothing satisfies, under `!=` as well.
 *
 * @throws InvalidError when there is no operator, or a key or value has characters that Swarm refuses
 */
export function swarmConstraint(expression: string): Constraint {
  const operator = ['==', '!='].find(candidate => expression.includes(candidate))
  if (operator === undefined) throw fault(expression, 'must have one of == and !=')
  const at = expression.indexOf(operator)
  const key = expression.slice(0, at).trim()
  const value = expression.slice(at + operator.length).trim()
  if (!KEY_PATTERN.test(key)) throw fault(expression, `has the bad key ${JSON.stringify(key)}`)
  if (!VALUE_PATTERN.test(value)) throw fault(expression, `has the bad value ${JSON.stringify(value)}`)
  const equal = operator === '=='
  const attribute = attributeOfKey(key)
  if (attribute === 'node.ip' && parseIpPrefix(value) !== undefined) {
    return { attribute, operator: equal ? 'inPrefix' : 'notInPrefix', value }
  }
  if (attribute === undefined || attribute === 'node.ip') return { attribute: key, operator: 'in', value: [] }
  return { attribute, operator: equal ? 'equals' : 'notEquals', value, ignoreCase: true }
}

/** The attribute's name, or undefined when Swarm knows no such key. */
function attributeOfKey(key: string): string | undefined {
  const lower = key.toLowerCase()
  if (PLAIN_KEYS.includes(lower) || lower === 'node.ip') return lower
  const prefix = LABEL_PREFIXES.find(
    candidate => lower.startsWith(candidate) && lower.length > candidate.length,
  )
  return prefix === undefined ? undefined : prefix + key.slice(prefix.length)
}

function fault(value: string, message: string): InvalidError {
  return new InvalidError('Swarm constraint', [{ field: 'expression', value, message }])
}
