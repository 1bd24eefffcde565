import type { JsonPatchOperation } from '../json/json-patch.js'
import type { ObjectChange } from '../object/object.js'

/** One change of one object, as the watcher's conditions show it: one that stops to match is DELETED. */
export interface WatchEvent<T> extends ObjectChange<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** Absent for ADDED by creation, and for initial events. */
  readonly before?: T
  /** Absent for DELETED. */
  readonly after?: T
  /** What the event is about, as in Kubernetes: `after`; for DELETED its last state, with the revision of the deletion. */
  readonly object: T
  /**
   * JSON Patch (RFC 6902) from `before` to `after` of a MODIFIED event, else undefined. Computed when it is first
   * read, once for all watchers; not an own property, so a copy of the event has none.
   */
  readonly patch: readonly JsonPatchOperation[] | undefined
}

/** All matching changes of one revision; never split. */
export interface WatchBatch<T> {
  readonly revision: number
  readonly events: readonly WatchEvent<T>[]
  /** True for the batch of the initial events; there is one even when nothing exists. */
  readonly initialEventsEnd?: boolean
  /** True for a batch without events: everything up to `revision` has been told. */
  readonly bookmark?: boolean
  /**
   * Present when the events are the net effect of all revisions after this one up to `revision`. What came and went
   * in between is not in them.
   */
  readonly since?: number
}
