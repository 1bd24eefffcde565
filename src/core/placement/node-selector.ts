import { assertValid, InvalidError } from '../errors.js'
import type { LabelSelector } from '../selectors/label-selector.js'
import { labelSelectorFromObject, nodeLabelSelector } from '../selectors/label-selector.js'
import type { NodeFieldExpression, NodeSelectorTerm } from './placement-rules.js'

/** Which nodes a task may run on: every pair of `matchLabels` and any one of `terms` must hold. */
export interface NodeSelector {
  /** Labels that the node must have. */
  readonly matchLabels?: Readonly<Record<string, string>>
  /** Alternatives. Absent: no further condition. An empty list matches no node. */
  readonly terms?: readonly NodeSelectorTerm[]
}

/** What a selector looks at. */
export interface SelectableNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const UNKNOWN = 'must be left out: a node selector has matchLabels, and terms with matchExpressions'

/** A compiled selector. */
export type NodeTest = (node: SelectableNode) => boolean

/**
 * Compiles a selector; undefined when it selects every node.
 *
 * A label that is missing satisfies `NotIn` and `DoesNotExist`. `Gt` and `Lt` compare whole numbers and fail on
 * anything else.
 *
 * @throws InvalidError when a key, an operator or its values are not acceptable, and for a field that no selector has: a
 * task would go where it must not be
 */
export function compileNodeSelector(selector: NodeSelector | undefined): NodeTest | undefined {
  if (selector === undefined) return undefined
  const unknown = Object.entries(selector).filter(([name]) => name !== 'matchLabels' && name !== 'terms')
  assertValid(
    'node selector',
    unknown.map(([field, value]) => ({ field, value, message: UNKNOWN })),
  )
  const labels = labelSelectorFromObject({ matchLabels: selector.matchLabels ?? {} })
  const terms = selector.terms?.map(compileNodeTerm)
  if (terms === undefined) return labels.empty ? undefined : node => labels.matches(node.labels)
  return node => labels.matches(node.labels) && terms.some(term => term(node))
}

/** @throws InvalidError when a key, an operator or its values are not acceptable */
export function compileNodeTerm(term: NodeSelectorTerm): NodeTest {
  const expressions = term.matchExpressions ?? []
  const fields = (term.matchFields ?? []).map((field, at) => compileField(field, `matchFields[${at}]`))
  if (expressions.length === 0 && fields.length === 0) return () => false
  const labels: LabelSelector = nodeLabelSelector(expressions)
  return node => labels.matches(node.labels) && fields.every(field => field(node))
}

function compileField(field: NodeFieldExpression, path: string): NodeTest {
  const { key, operator, values } = field
  if (key !== 'metadata.name') {
    throw new InvalidError('node selector', [
      { field: `${path}.key`, value: key, message: 'must be metadata.name' },
    ])
  }
  if (operator !== 'In' && operator !== 'NotIn') {
    const message = 'must be In or NotIn'
    throw new InvalidError('node selector', [{ field: `${path}.operator`, value: operator, message }])
  }
  if (values.length !== 1) {
    const message = 'must hold exactly one name; use several terms for several names'
    throw new InvalidError('node selector', [{ field: `${path}.values`, value: values, message }])
  }
  return node => (node.name === values[0]) === (operator === 'In')
}
