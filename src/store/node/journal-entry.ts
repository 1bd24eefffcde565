import type { JournalNote } from '../engine/commit-journal.js'
import type { LogRecord } from '../engine/revision-log.js'
import type { StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'

/** Names an object across versions of programs; the namespace of a kind without namespaces is null. */
export type ObjectKey = readonly [apiVersion: string, kind: string, namespace: string | null, name: string]

/** One commit, or what happened beside the objects, as it is in the journal: there as a whole or not at all. */
export interface JournalEntry {
  /** Absent when no object was changed. */
  readonly revision?: number
  /** When it was, ms since 1970. */
  readonly timeMs: number
  readonly cause?: WriteCause
  /** Objects as they were left, and keys of those that were removed, in the order of the first write to each. */
  readonly changes?: readonly (StoredObject | { readonly removed: ObjectKey })[]
  readonly notes?: readonly JournalNote[]
}

/** An entry that is not written yet. */
export interface PendingEntry {
  readonly record: LogRecord | undefined
  readonly timeMs: number
  readonly notes: JournalNote[]
}

/** What is written of an entry. */
export function entryText({ record, timeMs, notes }: PendingEntry): string {
  const entry: JournalEntry = {
    ...(record === undefined ? {} : { revision: record.revision }),
    timeMs,
    ...(record?.cause === undefined ? {} : { cause: record.cause }),
    ...(record === undefined ? {} : { changes: record.changes.map(changeOf) }),
    ...(notes.length === 0 ? {} : { notes }),
  }
  return JSON.stringify(entry)
}

function changeOf({ entry, after }: LogRecord['changes'][number]): StoredObject | { removed: ObjectKey } {
  if (after !== undefined) return after
  const { apiVersion, kind, namespaced } = entry.space.table.kind
  return { removed: [apiVersion, kind, namespaced ? entry.space.name : null, entry.name] }
}
