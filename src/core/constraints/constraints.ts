import { InvalidError } from '../errors.js'
import type { Reason } from '../reasons.js'
import type { Attributes, AttributeValue } from './attribute-value.js'
import { attributeOf, attributeText } from './attribute-value.js'
import type { AttributeTest, ConstraintValue, NodeOperator } from './constraint-operators.js'
import { compileOperator, isNodeOperator, NODE_OPERATORS } from './constraint-operators.js'
import type { Distribution, DistributionRefusal, SiblingCounts } from './sibling-counts.js'
import {
  countSiblings,
  refusesCluster,
  refusesGroupBy,
  refusesMaxPer,
  refusesUnique,
} from './sibling-counts.js'

/**
 * Operators that look at where the siblings of a task are. A node without the attribute never satisfies one.
 *
 * | operator | value | satisfied when |
 * |---|---|---|
 * | `unique` | none | no sibling has the same value |
 * | `maxPer` | number | fewer than that many siblings have the value; 0 refuses every node |
 * | `cluster` | none | there is no sibling yet, or the first one has this value |
 * | `groupBy` | number of groups, or none | the value has not yet its even share, see `refusesGroupBy` |
 */
export type SpreadOperator = 'unique' | 'maxPer' | 'cluster' | 'groupBy'

/** One condition on the attributes of a node, and possibly of the nodes of siblings. Plain JSON. */
export interface Constraint {
  /** Name of the attribute, for example `rack` or `node.labels.zone`. */
  readonly attribute: string
  readonly operator: NodeOperator | SpreadOperator
  /** What the operator compares with; see its table. */
  readonly value?: ConstraintValue
  /** Compare letters without case; `equals`, `notEquals`, `in` and `notIn` only. Default false. */
  readonly ignoreCase?: boolean
  /**
   * Numbers, sets and ranges satisfy it, as it speaks of text only. Not for operators on siblings. Default
   * false.
   */
  readonly textOnly?: boolean
}

/** Where the siblings of the task to be placed are. */
export interface SiblingView {
  /** How many instances are wanted in all, the one to be placed included. */
  readonly instances: number
  /** Siblings by the value of an attribute. */
  siblings(attribute: string): SiblingCounts
  /** How many distinct values the candidate nodes have; `groupBy` without a number needs it. */
  groups?(attribute: string): number
  /**
   * The least number of siblings that one of the values of nodes with room has; where it is known, `groupBy`
   * without a number keeps to such values.
   */
  fewest?(attribute: string): number
}

/** Satisfied, or not and why. Reason codes: `AttributeMissing`, `AttributeMismatch`, `SiblingLimit`. */
export type ConstraintVerdict =
  | { readonly kind: 'satisfied' }
  | { readonly kind: 'unsatisfied'; readonly reason: Reason }

/** A constraint that was checked and made ready. */
export interface CompiledConstraint {
  readonly constraint: Constraint
  /** `node`: the verdict depends on the node alone and may be cached with it. `siblings`: it does not. */
  readonly scope: 'node' | 'siblings'
  /** @param view where the siblings are; default: there are none, and one instance is wanted */
  evaluate(attributes: Attributes, view?: SiblingView): ConstraintVerdict
}

/** Several constraints that must all hold. */
export interface ConstraintSet {
  readonly node: readonly CompiledConstraint[]
  readonly siblings: readonly CompiledConstraint[]
  /** Reasons of all constraints that do not hold, in the order given; empty when all do. */
  evaluate(attributes: Attributes, view?: SiblingView): readonly Reason[]
}

/** A task without siblings. */
const ALONE: SiblingView = { instances: 1, siblings: () => countSiblings([]) }

const SATISFIED: ConstraintVerdict = { kind: 'satisfied' }

const CASE_OPERATORS: ReadonlySet<string> = /* @__PURE__ */ new Set(['equals', 'notEquals', 'in', 'notIn'])

const SPREAD_OPERATORS: readonly SpreadOperator[] = ['unique', 'maxPer', 'cluster', 'groupBy']

/** Most constraints in one set. */
const CONSTRAINTS_MAX = 1_000

type Refuses = (value: string, distribution: Distribution) => DistributionRefusal | undefined

/**
 * Checks a constraint and makes it ready to be evaluated on many nodes.
 *
 * @throws InvalidError when the attribute is empty, the operator unknown, or the value does not suit it
 *
 * @internal
 */
export function compileConstraint(constraint: Constraint): CompiledConstraint {
  const { attribute, operator, value, ignoreCase = false, textOnly = false } = constraint
  if (attribute === '') throw fault('attribute', attribute, 'must name an attribute')
  if (ignoreCase && !CASE_OPERATORS.has(operator)) {
    throw fault('ignoreCase', ignoreCase, `must be left out for ${operator}`)
  }
  if (textOnly && !isNodeOperator(operator))
    throw fault('textOnly', textOnly, `must be left out for ${operator}`)
  const frozen = Object.freeze({ ...constraint })
  if (isNodeOperator(operator)) return compileNode(frozen, compileOperator(operator, value, { ignoreCase }))
  return compileSpread(frozen, spreadRule(operator, value))
}

/**
 * Compiles constraints that must all hold.
 *
 * @throws InvalidError as `compileConstraint`, and for more than 1,000 constraints
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { compileConstraints, countSiblings } from 'keelson/core'
 *
 * const constraints = compileConstraints([
 *   { attribute: 'zone', operator: 'in', value: ['a', 'b'] },
 *   { attribute: 'rack', operator: 'maxPer', value: 1 }
 * ])
 * const view = { instances: 3, siblings: () => countSiblings(['r1']) }
 * assert.deepEqual(constraints.evaluate({ zone: 'a', rack: 'r2' }, view), [])
 * assert.deepEqual(
 *   constraints.evaluate({ zone: 'c', rack: 'r1' }, view).map(reason => reason.code),
 *   ['AttributeMismatch', 'SiblingLimit']
 * )
 * ```
 */
export function compileConstraints(constraints: readonly Constraint[]): ConstraintSet {
  if (constraints.length > CONSTRAINTS_MAX) {
    throw fault('constraints', constraints.length, `must be at most ${CONSTRAINTS_MAX}`)
  }
  const all = constraints.map(compileConstraint)
  return Object.freeze({
    node: all.filter(({ scope }) => scope === 'node'),
    siblings: all.filter(({ scope }) => scope === 'siblings'),
    evaluate: (attributes: Attributes, view: SiblingView = ALONE) =>
      all.flatMap(constraint => {
        const verdict = constraint.evaluate(attributes, view)
        return verdict.kind === 'satisfied' ? [] : [verdict.reason]
      }),
  })
}

/** The constraint as people read it: `zone in (a,b)`, `rack maxPer 1`. */
export function formatConstraint({ attribute, operator, value }: Constraint): string {
  const text = typeof value === 'object' ? `(${value.join(',')})` : value
  return text === undefined ? `${attribute} ${operator}` : `${attribute} ${operator} ${text}`
}

function compileNode(constraint: Constraint, test: AttributeTest): CompiledConstraint {
  const mismatch = unsatisfied(
    constraint,
    'AttributeMismatch',
    `did not satisfy ${formatConstraint(constraint)}`,
  )
  const missing = unsatisfied(constraint, 'AttributeMissing', `lacked attribute ${constraint.attribute}`)
  const { attribute, textOnly = false } = constraint
  const exempt = (value: AttributeValue | undefined): boolean =>
    textOnly && value !== undefined && typeof value !== 'string'
  return Object.freeze({
    constraint,
    scope: 'node' as const,
    evaluate: (attributes: Attributes) => {
      const value = attributeOf(attributes, attribute)
      if (exempt(value) || test(value)) return SATISFIED
      return value === undefined ? missing : mismatch
    },
  })
}

function compileSpread(constraint: Constraint, refuses: Refuses): CompiledConstraint {
  const missing = unsatisfied(constraint, 'AttributeMissing', `lacked attribute ${constraint.attribute}`)
  const { attribute } = constraint
  const refused = `node(s) did not satisfy ${formatConstraint(constraint)}`
  return Object.freeze({
    constraint,
    scope: 'siblings' as const,
    evaluate: (attributes: Attributes, view: SiblingView = ALONE): ConstraintVerdict => {
      const value = attributeOf(attributes, attribute)
      if (value === undefined) return missing
      const text = attributeText(value)
      const refusal = refuses(text, {
        siblings: view.siblings(attribute),
        instances: view.instances,
        groups: view.groups?.(attribute),
        fewest: view.fewest?.(attribute),
      })
      if (refusal === undefined) return SATISFIED
      const params = { attribute, operator: constraint.operator, value: text, ...refusal }
      return { kind: 'unsatisfied', reason: { code: 'SiblingLimit', message: refused, params } }
    },
  })
}

function unsatisfied(constraint: Constraint, code: string, text: string): ConstraintVerdict {
  const params = { attribute: constraint.attribute, operator: constraint.operator }
  return { kind: 'unsatisfied', reason: { code, message: `node(s) ${text}`, params } }
}

function spreadRule(operator: SpreadOperator, value: ConstraintValue | undefined): Refuses {
  switch (operator) {
    case 'unique':
    case 'cluster':
      if (value !== undefined) throw fault('value', value, `must be left out for ${operator}`)
      return operator === 'unique' ? refusesUnique : refusesCluster
    case 'maxPer': {
      const limit = countIn(value, 0)
      return (text, { siblings }) => refusesMaxPer(text, limit, siblings)
    }
    case 'groupBy': {
      const groups = value === undefined ? undefined : countIn(value, 1)
      return (text, distribution) => refusesGroupBy(text, groups, distribution)
    }
    default:
      throw fault(
        'operator',
        operator,
        `must be one of ${[...NODE_OPERATORS, ...SPREAD_OPERATORS].join(', ')}`,
      )
  }
}

function countIn(value: ConstraintValue | undefined, min: number): number {
  const text = String(value)
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < min) {
    throw fault('value', value, `must be a whole number of at least ${min}`)
  }
  return Number(text)
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('constraint', [{ field, value, message }])
}
