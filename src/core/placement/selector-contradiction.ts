import type { LabelRequirement, Labels } from '../selectors/label-requirement.js'
import { formatLabelRequirement, labelRequirement, labelTest } from '../selectors/label-requirement.js'
import { nodeLabelSelector } from '../selectors/label-selector.js'
import { parseInt64 } from '../text/integer-text.js'
import type { NodeSelector } from './node-selector.js'
import type { NodeFieldExpression, NodeSelectorTerm } from './placement-rules.js'

/**
 * Why no node can ever be selected, whatever its labels: the conditions that exclude each other, such as `zone=a and zone
 * notin (a)`; undefined when one could be. Of alternatives each must contradict itself, and the first is told.
 */
export function selectorContradiction({ matchLabels = {}, terms }: NodeSelector): string | undefined {
  const pairs = Object.entries(matchLabels).map(([key, value]) => labelRequirement(key, '=', [value]))
  if (terms === undefined) return contradictionOf(pairs, [])
  if (terms.length === 0) return 'an empty list of terms matches no node'
  const found = terms.map(term => termContradiction(pairs, term))
  return found.includes(undefined) ? undefined : found[0]
}

function termContradiction(
  pairs: readonly LabelRequirement[],
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
): string | undefined {
  if (matchExpressions.length + matchFields.length === 0) return 'a term without conditions matches no node'
  return contradictionOf([...pairs, ...nodeLabelSelector(matchExpressions).requirements], matchFields)
}

function contradictionOf(
  requirements: readonly LabelRequirement[],
  fields: readonly NodeFieldExpression[],
): string | undefined {
  // A name is asked for as a label is; its key is none of a label, which has one slash at most.
  const names = fields.map(({ key, operator, values }) => ({ ...OF_NAMES[operator], key, values }))
  const byKey = new Map<string, LabelRequirement[]>([['', names]])
  for (const one of requirements) byKey.set(one.key, [...(byKey.get(one.key) ?? []), one])
  for (const ofKey of byKey.values())
    if (!isPossible(ofKey)) return ofKey.map(formatLabelRequirement).join(' and ')
  return undefined
}

const OF_NAMES = { In: { operator: 'in' }, NotIn: { operator: 'notin' } } as const

/** Whether a value of their key, or that there is none, can meet all of them. */
function isPossible(ofKey: readonly LabelRequirement[]): boolean {
  const tests = ofKey.map(labelTest)
  const meets = (labels: Labels): boolean => tests.every(test => test(labels))
  const [first] = ofKey
  return first === undefined || meets({}) || candidates(ofKey).some(value => meets({ [first.key]: value }))
}

/**
 * Values of which one meets all, if any does: those that are named; and of a text and of the numbers beside each bound,
 * forms that are too long to be named.
 */
function candidates(ofKey: readonly LabelRequirement[]): readonly string[] {
  const named = ofKey.flatMap(({ values }) => values)
  const length = 1 + Math.max(...named.map(text => text.length), 0)
  const bounds = ofKey.flatMap(({ operator, values: [value = ''] }) =>
    operator === '>' || operator === '<' ? [parseInt64(value) ?? 0n] : [],
  )
  const beside = bounds.flatMap(bound => [bound - 1n, bound + 1n]).map(number => longForm(number, length))
  return [...named, ...beside, 'x'.repeat(length)]
}

/** With zeros before it. */
function longForm(number: bigint, length: number): string {
  const digits = `${number < 0n ? -number : number}`.padStart(length, '0')
  return number < 0n ? `-${digits}` : digits
}
