import type { ObjectChange, StoredObject } from '../../../store/index.js'
import type { ActionKind } from '../actions/action.js'
import type { Delivery } from '../clients/listening-client.js'
import { fieldChanges, shortJson } from '../objects/field-changes.js'
import { nameOf } from '../objects/object-names.js'
import type { ObservedStep } from './observation.js'

const LIST_MAX = 4
const DETAIL_MAX = 90

/** What is done: the action's label, with its kind where that says more. */
export function actionText({ kind, label }: { readonly kind: ActionKind; readonly label: string }): string {
  return PREFIXED.has(kind) && !label.startsWith(kind) ? `${kind} ${label}` : label
}

const PREFIXED: ReadonlySet<ActionKind> = new Set(['reconcile', 'call', 'deliver'])

/** The same, with what was delivered in the place of its kinds. */
export function stepText(step: ObservedStep): string {
  if (step.kind !== 'deliver') return actionText(step)
  return step.deliveries.length === 0 ? actionText(step) : `deliver ${deliveriesText(step.deliveries)}`
}

/** What came of the step, in short; undefined when its label says all. */
export function resultText(step: ObservedStep): string | undefined {
  const { kind, isFault, revision, refusals, label } = step
  if (kind === 'reconcile' && refusals.length === 0) return step.isOver ? 'writes nothing' : undefined
  const isWrite = kind === 'commit' || kind === 'reconcile' || (isFault && label.includes(', then '))
  if (!isWrite) return undefined
  if (refusals.length > 0) return `refused: ${refusals.map(inWords).join(', ')}`
  if (revision === undefined) return kind === 'commit' ? 'nothing to change' : undefined
  const details = step.changes.map(change => changeText(change, label)).filter(text => text !== '')
  return details.length === 0 ? undefined : cut(details.join('; '))
}

/** Objects as they are after the last of these changes, with their revisions. */
export function deliveriesText(deliveries: readonly Delivery[]): string {
  const byUid = new Map<string, string>()
  for (const { batch } of deliveries)
    for (const { type, object } of batch.events)
      byUid.set(
        object.metadata.uid,
        `${nameOf(object)}${type === 'DELETED' ? ' gone' : ''} @${object.metadata.resourceVersion}`,
      )
  const isFirst = deliveries.some(({ batch }) => batch.initialEventsEnd === true)
  if (byUid.size === 0) return isFirst ? 'nothing yet' : 'nothing new'
  return `${isFirst ? 'all there is: ' : ''}${list([...byUid.values()])}`
}

/** Error codes as words. */
function inWords(code: string): string {
  return /^[A-Z][A-Za-z]+$/.test(code)
    ? code.replaceAll(/(?<=[a-z])[A-Z]/g, letter => ` ${letter}`).toLowerCase()
    : cut(code)
}

function changeText({ before, after }: ObjectChange, label: string): string {
  const object = after ?? before
  const subject = object === undefined || label.includes(` ${nameOf(object)}`) ? '' : `${nameOf(object)}: `
  if (after === undefined) return label.startsWith('delete') && subject === '' ? '' : `${subject}gone`
  if (before === undefined) return `${subject}${shortJson(after.spec)}`
  const changes = fieldChanges(contentOf(before), contentOf(after)).map(change =>
    change.after === undefined
      ? `${change.field} taken away`
      : `${change.field} = ${shortJson(change.after)}`,
  )
  return changes.length === 0 ? '' : `${subject}${list(changes)}`
}

function contentOf({ metadata, spec, status }: StoredObject): unknown {
  const { labels, annotations, finalizers, ownerReferences, deletionTimestamp } = metadata
  return {
    labels,
    annotations,
    finalizers,
    ownerReferences,
    ...(deletionTimestamp === undefined ? {} : { deleting: true }),
    spec,
    status,
  }
}

function list(texts: readonly string[]): string {
  if (texts.length <= LIST_MAX) return texts.join(', ')
  return `${texts.slice(0, LIST_MAX - 1).join(', ')} and ${texts.length - LIST_MAX + 1} more`
}

function cut(text: string): string {
  return text.length > DETAIL_MAX ? `${text.slice(0, DETAIL_MAX - 1)}…` : text
}

const DURATIONS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** The two largest units of a time, for example `1 d 3 h`. */
export function durationText(ms: number): string {
  const parts: string[] = []
  let left = ms
  for (const [unit, unitMs] of DURATIONS) {
    const count = Math.floor(left / unitMs)
    left -= count * unitMs
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`)
    if (parts.length === 2) return parts.join(' ')
  }
  if (left > 0 || parts.length === 0) parts.push(`${Math.round(left)} ms`)
  return parts.join(' ')
}
