import { LRUCache } from 'lru-cache'
import { InvalidError } from '../errors.js'
import { parseLabelRequirements } from './label-parser.js'
import type { LabelOperator, LabelRequirement, Labels } from './label-requirement.js'
import { formatLabelRequirement, labelRequirement, labelTest } from './label-requirement.js'

/** A compiled, immutable condition on labels. */
export interface LabelSelector {
  /** True when it selects everything. */
  readonly empty: boolean
  /** True when it is the selector that selects nothing (an absent object form). */
  readonly nothing: boolean
  /** Sorted by key; equal keys keep the order in which they were written. */
  readonly requirements: readonly LabelRequirement[]
  /** Pairs that every match must carry: `=`, `==` and `in` with one value. Indexes start from these. */
  readonly equalities: readonly (readonly [key: string, value: string])[]
  /** Whether labels satisfy every requirement. Absent labels are the same as none. */
  matches(labels: Labels | undefined): boolean
  /** Canonical text; parses back to an equal selector, except for `<nothing>`, which cannot be written. */
  toString(): string
}

/** The object form of Kubernetes' API: all pairs and all expressions must hold. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly LabelSelectorExpression[]
}

/** One expression of the object form. */
export interface LabelSelectorExpression {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

/** One expression on the labels of a node, which may compare too. */
export interface NodeLabelExpression {
  readonly key: string
  readonly operator: LabelSelectorExpression['operator'] | 'Gt' | 'Lt'
  readonly values?: readonly string[]
}

/**
 * How many parsed selectors are kept; the one unused for longest goes first.
 *
 * @internal
 */
export const LABEL_SELECTOR_CACHE_SIZE = 1_000

const OPERATORS: Readonly<Record<LabelSelectorExpression['operator'], LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

const NODE_OPERATORS: Readonly<Record<NodeLabelExpression['operator'], LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: '>',
  Lt: '<',
}

/** Selectors are pure values, so sharing them between callers changes nothing but speed. */
let cache: LRUCache<string, LabelSelector> | undefined

/**
 * Reads Kubernetes' label selector grammar: `app=web,tier in (front,back),!canary,cores>4`.
 *
 * The empty text selects everything. `!=` and `notin` match objects without the label; `>` and `<` compare
 * signed 64-bit integers and never match a label that is not one. The last
 * {@link LABEL_SELECTOR_CACHE_SIZE} distinct texts stay compiled.
 *
 * @throws InvalidError when the text does not follow the grammar, or is longer than 65,536 characters
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { parseLabelSelector } from 'keelson/core'
 *
 * const selector = parseLabelSelector('tier in (front, back), app=web')
 * assert.equal(selector.matches({ app: 'web', tier: 'back' }), true)
 * assert.equal(String(selector), 'app=web,tier in (back,front)')
 * ```
 */
export function parseLabelSelector(text: string): LabelSelector {
  cache ??= new LRUCache({ max: LABEL_SELECTOR_CACHE_SIZE })
  const known = cache.get(text)
  if (known !== undefined) return known
  const selector = labelSelectorOf(parseLabelRequirements(text))
  cache.set(text, selector)
  return selector
}

/**
 * Compiles the object form. An absent object selects nothing, an empty one everything.
 *
 * @throws InvalidError when a key, operator or value is not acceptable, or a field is not one of a selector
 */
export function labelSelectorFromObject(object: LabelSelectorObject | null | undefined): LabelSelector {
  if (object === null || object === undefined) return nothingSelector()
  const stray = Object.keys(object).find(key => key !== 'matchLabels' && key !== 'matchExpressions')
  if (stray !== undefined) {
    const message = 'is not part of a selector; labels go into matchLabels'
    const value = (object as Readonly<Record<string, unknown>>)[stray]
    throw new InvalidError('label selector', [{ field: stray, value, message }])
  }
  const requirements: LabelRequirement[] = []
  const pairs = object.matchLabels ?? {}
  for (const key of Object.keys(pairs).sort())
    requirements.push(labelRequirement(key, '=', [pairs[key] ?? '']))
  requirements.push(...requirementsOf(object.matchExpressions ?? [], OPERATORS))
  return labelSelectorOf(requirements)
}

/**
 * Compiles expressions on the labels of a node, all of which must hold. As in Kubernetes, only these may compare:
 * `Gt` and `Lt` are no operators of a {@link LabelSelectorObject}.
 *
 * @throws InvalidError when a key, operator or value is not acceptable
 */
export function nodeLabelSelector(expressions: readonly NodeLabelExpression[]): LabelSelector {
  return labelSelectorOf(requirementsOf(expressions, NODE_OPERATORS))
}

function requirementsOf<Operator extends string>(
  expressions: readonly {
    readonly key: string
    readonly operator: Operator
    readonly values?: readonly string[]
  }[],
  operators: Readonly<Record<Operator, LabelOperator>>,
): readonly LabelRequirement[] {
  return expressions.map(({ key, operator, values = [] }, index) => {
    if (Object.hasOwn(operators, operator)) return labelRequirement(key, operators[operator], values)
    const message = `must be one of ${Object.keys(operators).join(', ')}`
    const problem = { field: `matchExpressions[${index}].operator`, value: operator, message }
    throw new InvalidError('label selector', [problem])
  })
}

/**
 * Compiles requirements that must all hold; none at all selects everything.
 *
 * @internal
 */
export function labelSelectorOf(requirements: readonly LabelRequirement[]): LabelSelector {
  const sorted = Object.freeze(requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)))
  const tests = sorted.map(labelTest)
  const text = sorted.map(formatLabelRequirement).join(',')
  return Object.freeze({
    empty: sorted.length === 0,
    nothing: false,
    requirements: sorted,
    equalities: Object.freeze(sorted.flatMap(equality)),
    matches: (labels: Labels | undefined) => {
      const present = labels ?? NO_LABELS
      for (const test of tests) if (!test(present)) return false
      return true
    },
    toString: () => text,
  })
}

const NO_LABELS: Labels = {}

function equality({ key, operator, values }: LabelRequirement): readonly (readonly [string, string])[] {
  const fixed = operator === '=' || operator === '==' || (operator === 'in' && values.length === 1)
  return fixed ? [[key, values[0] ?? '']] : []
}

function nothingSelector(): LabelSelector {
  return Object.freeze({
    empty: false,
    nothing: true,
    requirements: [],
    equalities: [],
    matches: () => false,
    toString: () => '<nothing>',
  })
}
