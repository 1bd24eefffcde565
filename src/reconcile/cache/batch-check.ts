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
  const [problem] = wholeNumber('revision', revision)
  if (problem !== undefined) return problem
  if (!Array.isArray(events)) return { field: 'events', value: events, message: 'must be a list' }
  for (const [at, event] of (events as readonly unknown[]).entries()) {
    const problem = eventProblem(event, knows)
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
  if (typeof resourceVersion !== 'string' || !/^\d{1,16}$/.test(resourceVersion))
    return { field: 'object.metadata.resourceVersion', value: resourceVersion, message: 'must be a decimal' }
  if (!knows(object as StoredObject))
    return { field: 'object.kind', value: (object as StoredObject).kind, message: 'must be a kind asked for' }
  return undefined
}
