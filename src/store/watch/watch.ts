import type { Cancel } from '../../core/index.js'
import type { JsonPatchOperation } from '../json/json-patch.js'
import type { IndexQuery } from '../read/index-query.js'
import type { LabelSelectorInput } from '../read/selector-input.js'

/** What a watcher asks for. Of several kinds, each condition holds for all of them. */
export interface WatchOptions {
  /**
   * Deliver every change after this revision. Default: after the current one.
   * @throws ExpiredError when the store no longer keeps it, FutureRevisionError when it has not happened yet
   */
  readonly since?: number | string
  /**
   * Begin with a batch of one ADDED per existing object, marked `initialEventsEnd`. Default false; not together
   * with `since`.
   */
  readonly sendInitialEvents?: boolean
  /** Default: every namespace. Says nothing about kinds without namespaces. */
  readonly namespace?: string
  readonly name?: string
  /** A write is looked up by `key=value`, so watchers of other values cost it nothing. */
  readonly labelSelector?: LabelSelectorInput
  /** `metadata.name`, `metadata.namespace` and any `spec.`/`status.` path, for example `spec.nodeName=n1`. */
  readonly fieldSelector?: string
  /** Objects that the declared index lists under this value, looked up as labels are; or under values of this range. */
  readonly index?: IndexQuery
  /** Objects whose namespace and name hash to `index` of `of` equal shares; each object is in exactly one. */
  readonly shard?: { readonly of: number; readonly index: number }
  /** Also deliver empty batches marked `bookmark`, a minute after the last revision told at the latest. Default false. */
  readonly bookmarks?: boolean
  /** What happens to a watcher that is more than `bufferLimit` revisions behind. Default `close`. */
  readonly slowConsumer?: SlowConsumerPolicy
  /**
   * How many revisions may be unread, ≥ 1, of those that came since it was opened. What the watch is looked up by
   * counts (name, index, label `key=value`, else the kind), before its other conditions are asked, and once for each
   * kind in the revision. A burst of writes counts as soon as it is written. Default for `close`: the store's
   * `logCapacity`; else 1,000, or `logCapacity` if that is less.
   */
  readonly bufferLimit?: number
  readonly signal?: AbortSignal
}

/**
 * - `close`: the watch ends with `SlowConsumerError`, which says where to go on.
 * - `coalesce`: the oldest unread revisions become one batch with their net effect per object (`since` is set on it).
 *   Each write in its scope then costs a little more while it is behind.
 * - `block`: writes wait until it has caught up, at most one second; then this watch ends as with `close`. So do writes
 *   elsewhere before the log drops what it has not read; those already on their way land. The client
 *   that opened the watch is not held back, so a consumer that writes does so through the client of its watch; a
 *   watch opened on the store itself holds back everybody.
 */
export type SlowConsumerPolicy = 'close' | 'coalesce' | 'block'

/** One change of one object, as the watcher's conditions show it: one that stops to match is DELETED. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** The object after the change; for DELETED its last state, with the revision of the deletion. */
  readonly object: T
  /** The object before the change; absent for ADDED by creation and for initial events. */
  readonly previous?: T
  /**
   * JSON Patch (RFC 6902) from `previous` to `object` of a MODIFIED event, else undefined. Computed when it is first
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

/**
 * A stream of whole revisions. Read it with `for await`, with `on`, or as an Observable (rxjs' `from` takes it);
 * by one consumer. Until there is one, it waits.
 *
 * Guarantees: revisions increase strictly, save that a bookmark may repeat the last; every matching change is
 * delivered once; delivery is a step of the watcher's `Env` after the commit, never inside it; nothing is delivered
 * after `close()`. A watcher that falls behind the store's log ends with `SlowConsumerError`.
 */
export interface Watch<T> extends AsyncIterable<WatchBatch<T>>, Disposable {
  /**
   * The last revision up to which every matching change has been handed to the consumer, whether there were any or
   * not; 0 while initial events wait. O(1), whatever the store holds.
   */
  readonly revision: number
  /** Delivers a bookmark at the present revision, after the changes up to it; also without `bookmarks`. */
  requestProgress(): void
  /**
   * Calls `listener` with each batch. An error thrown by a listener goes to the `Env`'s logger, not to the writer.
   * `ended` is called once when the watch ends by itself: with the error if there was one, without when the store
   * was closed. The returned function closes the watch.
   *
   * @throws UsageError when the watch has a consumer already
   */
  on(listener: (batch: WatchBatch<T>) => void, ended?: (error?: unknown) => void): Cancel
  close(): void
}
