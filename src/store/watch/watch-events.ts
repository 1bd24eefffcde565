import type { Change, LogRecord } from '../engine/revision-log.js'
import type { WatchBatch, WatchEvent } from '../engine/watch-batch.js'
import type { ObjectChange, StoredObject } from '../object/object.js'
import { isNarrow } from '../read/query.js'
import { appendEvents } from './watch-event.js'
import type { WatchFilter } from './watch-filter.js'
import { filterFor, seenBy } from './watch-filter.js'

/** The batch that a record means to a watcher, or undefined when it means nothing. */
export function batchOf(record: LogRecord, filter: WatchFilter): WatchBatch<StoredObject> | undefined {
  const { changes, revision } = record
  if (seesWhole(filter, changes)) return (record.whole ??= batchOfChanges({ revision, changes }))
  const events: WatchEvent<StoredObject>[] = []
  for (const change of changes) {
    const seen = seenStates(filter, change)
    if (seen !== undefined) appendEvents(events, { ...seen, stored: change.before, revision })
  }
  return events.length === 0 ? undefined : freezeBatch(revision, events)
}

/** The batch for those who see everything of a revision. */
export function batchOfChanges({
  revision,
  changes,
}: {
  readonly revision: number
  readonly changes: readonly Pick<Change, 'before' | 'after'>[]
}): WatchBatch<StoredObject> {
  const events: WatchEvent<StoredObject>[] = []
  for (const { before, after } of changes) appendEvents(events, { before, after, stored: before, revision })
  return freezeBatch(revision, events)
}

/** What a watcher sees of the states before and after a change; undefined when it sees neither. */
export function seenStates(filter: WatchFilter, change: Change): ObjectChange | undefined {
  const one = filterFor(filter, change)
  if (one === undefined) return undefined
  const { before, after, version } = change
  const seen = {
    before: seenBy(one, before, version.previous?.terms),
    after: seenBy(one, after, version.terms),
  }
  return seen.before === undefined && seen.after === undefined ? undefined : seen
}

/** Runs for each watcher and each revision, so without a closure. */
function seesWhole(filter: WatchFilter, changes: readonly Change[]): boolean {
  for (let index = 0; index < changes.length; index++)
    if (!seesAll(filter, changes[index] as Change)) return false
  return true
}

/** True when the watcher sees every state, so that its batch can be shared. */
function seesAll(filter: WatchFilter, change: Change): boolean {
  const one = filterFor(filter, change)
  if (one === undefined) return false
  if (!isNarrow(one)) return true
  const { before, after, version } = change
  return (
    seenBy(one, before, version.previous?.terms) === before && seenBy(one, after, version.terms) === after
  )
}

function freezeBatch(
  revision: number,
  events: readonly WatchEvent<StoredObject>[],
): WatchBatch<StoredObject> {
  return Object.freeze({ revision, events: Object.freeze(events) })
}
