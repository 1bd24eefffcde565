import type { StoredObject } from '../../../store/index.js'
import { nameOf } from '../objects/object-names.js'
import type { ObservedStep } from './observation.js'
import { actionText, durationText } from './step-text.js'

/**
 * Why a key ran, each time: what had been delivered to its controller since the last time, and what else had woken it.
 */
export function explainKey(steps: readonly ObservedStep[], key: string): string {
  const runs = steps.flatMap((step, at) => (isRunOf(step, key) ? [at] : []))
  if (runs.length === 0) return `${key} was never reconciled`
  return runs.map(at => explainRun(steps, key, at)).join('\n')
}

function isRunOf({ kind, label }: ObservedStep, key: string): boolean {
  return kind === 'reconcile' && label.endsWith(` ${key}`)
}

function explainRun(steps: readonly ObservedStep[], key: string, at: number): string {
  const { actor, label } = steps[at] as ObservedStep
  const controller = label.slice(0, -key.length - 1)
  const own = steps
    .map((step, index) => ({ ...step, index }))
    .filter(step => step.actor === actor && step.index < at)
  const last = own.findLastIndex(step => step.kind === 'reconcile' && step.label === label)
  const since = own.slice(Math.max(0, last))
  const told = changesTold(since, steps, controller)
  const about = told.filter(({ object }) => concerns(object, key))
  const reasons = [
    ...(about.length > 0 ? about : told).map(({ text }) => text),
    ...since.flatMap(({ logs, index }) =>
      logs
        .filter(({ fields }) => fields['key'] === key)
        .map(({ message }) => `step ${index + 1}: ${message}`),
    ),
    ...since
      .filter(({ kind }) => kind === 'timer' || kind === 'wait' || kind === 'delay')
      .map(
        ({ index, timeMs }) =>
          `step ${index + 1}: ${actionText({ kind: 'timer', label: 'a timer fired' })}, at ${durationText(timeMs)}`,
      ),
  ]
  const lines =
    reasons.length > 0 ? reasons : ['no change that was delivered: it was asked for, or is resynced']
  return [
    `step ${at + 1}, ${actor}: reconcile ${label}${lagText(steps, own, at)}`,
    ...lines.map(line => `  ${line}`),
  ].join('\n')
}

interface Told {
  readonly object: StoredObject
  readonly text: string
}

/** What was delivered to the controller, or, where nothing was, to its process. */
function changesTold(
  since: readonly (ObservedStep & { readonly index: number })[],
  all: readonly ObservedStep[],
  controller: string,
): readonly Told[] {
  const deliveries = since.flatMap(step => step.deliveries.map(one => ({ ...one, index: step.index })))
  const own = deliveries.filter(({ part }) => part === controller)
  return (own.length > 0 ? own : deliveries).flatMap(({ batch, index }) =>
    batch.events.map(({ type, object }) => {
      const { resourceVersion } = object.metadata
      const gone = type === 'DELETED' ? ' gone' : ''
      return {
        object,
        text: `step ${index + 1}: ${nameOf(object)}${gone} @${resourceVersion}${writerText(all, resourceVersion)}`,
      }
    }),
  )
}

function writerText(steps: readonly ObservedStep[], resourceVersion: string): string {
  const writer = steps.find(({ revision }) => String(revision) === resourceVersion)
  return writer === undefined ? '' : `, by ${writer.actor}: ${writer.label}`
}

/** True for the object of the key, and for what it owns. */
function concerns({ metadata }: StoredObject, key: string): boolean {
  const { namespace, name, ownerReferences } = metadata
  const idOf = (of: string): string => (namespace === undefined ? of : `${namespace}/${of}`)
  return idOf(name) === key || ownerReferences.some(owner => idOf(owner.name) === key || owner.name === key)
}

/** How far behind the store the process was. */
function lagText(steps: readonly ObservedStep[], own: readonly ObservedStep[], at: number): string {
  const store = Math.max(0, ...steps.slice(0, at).map(({ revision }) => revision ?? 0))
  const seen = Math.max(0, ...own.flatMap(step => step.deliveries.map(({ batch }) => batch.revision)))
  return seen < store ? `; heard up to @${seen} of @${store}` : ''
}
