import type { JournalNote } from '../engine/commit-journal.js'
import type { LogRecord } from '../engine/revision-log.js'
import type { JsonDelta } from '../json/json-delta.js'
import { jsonDelta } from '../json/json-delta.js'
import type { StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'

/** Names an object across versions of programs; the namespace of a kind without namespaces is null. */
export type ObjectKey = readonly [apiVersion: string, kind: string, namespace: string | null, name: string]

/** An object as it was left, what an update has changed of it, or the key of one that was removed. */
export type JournalChange =
  | StoredObject
  | {
      readonly changed: ObjectKey
      /** The revision of the state that the delta begins with. */
      readonly from: number
      readonly delta: JsonDelta
    }
  | { readonly removed: ObjectKey }

/** One commit, or what happened beside the objects, as it is in the journal: there as a whole or not at all. */
export interface JournalEntry {
  /** Absent when no object was changed. */
  readonly revision?: number
  /** When it was, ms since 1970. */
  readonly timeMs: number
  readonly cause?: WriteCause
  /** In the order of the first write to each object. */
  readonly changes?: readonly JournalChange[]
  readonly notes?: readonly JournalNote[]
}

/** An entry that is not written yet. */
export interface PendingEntry {
  readonly record: LogRecord | undefined
  readonly timeMs: number
  readonly notes: JournalNote[]
}

/** What is written of an entry: a `JournalEntry`. JSON leaves out what is undefined. */
export function entryText({ record, timeMs, notes }: PendingEntry): string {
  return JSON.stringify({
    revision: record?.revision,
    timeMs,
    cause: record?.cause,
    changes: record?.changes.map(changeOf),
    notes: notes.length === 0 ? undefined : notes,
  })
}

/** Which object a change is of. */
export function keyOfChange(change: JournalChange): ObjectKey {
  if ('removed' in change) return change.removed
  if ('changed' in change) return change.changed
  const { apiVersion, kind, metadata } = change
  return [apiVersion, kind, metadata.namespace ?? null, metadata.name]
}

function changeOf({ entry, before, after }: LogRecord['changes'][number]): JournalChange {
  const delta = after === undefined || before === undefined ? undefined : jsonDelta(after, before)
  if (after !== undefined && delta === undefined) return after
  const { apiVersion, kind, namespaced } = entry.space.table.kind
  const key: ObjectKey = [apiVersion, kind, namespaced ? entry.space.name : null, entry.name]
  return delta === undefined ? { removed: key } : { changed: key, from: revisionOf(before), delta }
}

/** The revision of a state. */
export function revisionOf(object: StoredObject | undefined): number {
  return Number(object?.metadata.resourceVersion)
}
