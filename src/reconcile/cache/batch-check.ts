import type { FieldProblem } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { StoredObject, WatchBatch } from '../../store/index.js'

/** What is wrong with something that should be a batch of objects of certain kinds; undefined when nothing is. */
export function batchProblem(
  value: unknown,
  knows: (object: StoredObject) => boolean,
): FieldProblem | undefined {
  if (typeof value !== 'object' || value === null)
    return { field: 'batch', value, message: 'must be an object' }
  const { revision, events } = value as Partial<WatchBatch<StoredObject>>
  const problems = wholeNumber('revision', revision)
  if (problems.length > 0) return problems[0]
  if (!Array.isArray(events)) return { field: 'events', value: events, message: 'must be a list' }
  for (let at = 0; at < events.length; at++) {
    const problem = eventProblem(events[at], knows)
    if (problem !== undefined) return { ...problem, field: `events[${at}].${problem.field}` }
  }
  return undefined
}

function eventProblem(event: unknown, knows: (object: StoredObject) => boolean): FieldProblem | undefined {
  if (typeof event !== 'object' || event === null)
    return { field: 'event', value: event, message: 'must be an object' }
  const { type, object } = event as { readonly type?: unknown; readonly object?: unknown }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED')
    return { field: 'type', value: type, message: 'must be ADDED, MODIFIED or DELETED' }
  if (typeof object !== 'object' || object === null)
    return { field: 'object', value: object, message: 'must be an object' }
  const { metadata } = object as { readonly metadata?: unknown }
  if (typeof metadata !== 'object' || metadata === null)
    return { field: 'object.metadata', value: metadata, message: 'must be an object' }
  const { name, uid, resourceVersion } = metadata as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || name === '')
    return { field: 'object.metadata.name', value: name, message: 'must be a text' }
  if (typeof uid !== 'string') return { field: 'object.metadata.uid', value: uid, message: 'must be a text' }
  if (decimalOf(resourceVersion) === undefined)
    return { field: 'object.metadata.resourceVersion', value: resourceVersion, message: 'must be a decimal' }
  if (!knows(object as StoredObject))
    return { field: 'object.kind', value: (object as StoredObject).kind, message: 'must be a kind asked for' }
  return undefined
}

const DIGITS_MAX = 16
const CODE_OF_0 = 48

/** The number that a text of 1 to 16 decimal digits stands for; undefined for anything else, and beyond 2^53. */
export function decimalOf(text: unknown): number | undefined {
  if (typeof text !== 'string' || text === '' || text.length > DIGITS_MAX) return undefined
  let value = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - CODE_OF_0
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return Number.isSafeInteger(value) ? value : undefined
}
