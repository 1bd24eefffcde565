import type { KindTable } from './kind-table.js'
import type { StoredObject } from './object.js'
import type { Change, LogRecord } from './revision-log.js'
import type { WatchBatch, WatchEvent } from './watch.js'

/** What a watcher sees of its kind. */
export interface WatchFilter {
  readonly table: KindTable
  /** `''` for a kind without namespaces. */
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly matches: ((object: StoredObject) => boolean) | undefined
}

/** The batch that a record means to a watcher, or undefined when it means nothing. */
export function batchOf(record: LogRecord, filter: WatchFilter): WatchBatch<StoredObject> | undefined {
  const { changes, revision } = record
  const inScope = changes.every(change => isInScope(change, filter))
    ? changes
    : changes.filter(change => isInScope(change, filter))
  if (inScope === changes && filter.matches === undefined) return (record.whole ??= batchOfChanges(record))
  const found = batch(revision, inScope, filter.matches)
  return found.events.length === 0 ? undefined : found
}

/** The batch for those who see everything of a revision. */
export function batchOfChanges({
  revision,
  changes,
}: Pick<LogRecord, 'revision'> & { readonly changes: readonly States[] }): WatchBatch<StoredObject> {
  return batch(revision, changes, undefined)
}

/** The last state of an object that went, under the revision in which it went. */
export function removedObject(object: StoredObject, revision: number): StoredObject {
  const metadata = Object.freeze({ ...object.metadata, resourceVersion: String(revision) })
  return Object.freeze({ ...object, metadata })
}

/** Whether a change is in the part of the kind that the watcher looks at. */
export function isInScope({ entry }: Change, { table, namespace, name }: WatchFilter): boolean {
  return (
    entry.space.table === table &&
    (namespace === undefined || entry.space.name === namespace) &&
    (name === undefined || entry.name === name)
  )
}

type States = Pick<Change, 'before' | 'after'>

function batch(
  revision: number,
  changes: readonly States[],
  matches: WatchFilter['matches'],
): WatchBatch<StoredObject> {
  const events: WatchEvent<StoredObject>[] = []
  for (const { before, after } of changes) {
    const was = before !== undefined && (matches?.(before) ?? true) ? before : undefined
    const is = after !== undefined && (matches?.(after) ?? true) ? after : undefined
    appendEvents(events, { was, is, before, revision })
  }
  return Object.freeze({ revision, events: Object.freeze(events) })
}

interface Transition {
  /** The state before, if the watcher saw it. */
  readonly was: StoredObject | undefined
  /** The state after, if the watcher sees it. */
  readonly is: StoredObject | undefined
  readonly before: StoredObject | undefined
  readonly revision: number
}

function appendEvents(events: WatchEvent<StoredObject>[], { was, is, before, revision }: Transition): void {
  const sameLife = was !== undefined && is !== undefined && was.metadata.uid === is.metadata.uid
  if (sameLife) {
    events.push(Object.freeze({ type: 'MODIFIED', object: is, previous: was }))
    return
  }
  // Deleted and created again in one revision: two lives, so two events.
  if (was !== undefined)
    events.push(Object.freeze({ type: 'DELETED', object: removedObject(was, revision), previous: was }))
  if (is === undefined) return
  const earlier = before !== undefined && before.metadata.uid === is.metadata.uid ? before : undefined
  events.push(
    Object.freeze(
      earlier === undefined
        ? { type: 'ADDED', object: is }
        : { type: 'ADDED', object: is, previous: earlier },
    ),
  )
}
