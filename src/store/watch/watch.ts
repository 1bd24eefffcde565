import type { Cancel, Env } from '../../core/index.js'
import type { WatchBatch } from '../engine/watch-batch.js'
import type { Kind, ObjectOf } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import type { IndexQuery } from '../read/index-query.js'
import type { LabelSelectorInput, NameRange } from '../read/reader.js'

/** What a watcher asks for. Of several kinds, each condition holds for all of them. */
export interface WatchOptions {
  /**
   * Deliver every change after this revision, or that of a `resumeToken` of the store's admin. Default: after the current
   * one.
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
  /** Names from `from` on and before `to` that begin with `prefix`, as far as these are given. */
  readonly names?: NameRange
  /** A write is looked up by `key=value`, so watchers of other values cost it nothing. */
  readonly labelSelector?: LabelSelectorInput
  /** `metadata.name`, `metadata.namespace` and any `spec.`/`status.` path, for example `spec.nodeName=n1`. */
  readonly fieldSelector?: string
  /** Objects that the declared index lists under this value, looked up as labels are; or under values of this range. */
  readonly index?: IndexQuery
  /** Uid: objects with an owner reference to it; looked up as labels are. Not together with `index`. */
  readonly owner?: string
  /** Objects whose namespace and name hash to `index` of `of` equal shares; each object is in exactly one. */
  readonly shard?: { readonly of: number; readonly index: number }
  /**
   * `durable`: revisions are told when they are on the disk, for those who act on the world outside and must not act on
   * what a power cut takes back. Then `since` is a revision that such a watch has told. Default `committed`: at once. In a
   * store that keeps nothing both are the same.
   */
  readonly visibility?: 'committed' | 'durable'
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

/** What `listAndWatch` is asked for: a watch that begins with what exists. */
export type ListAndWatchOptions = Omit<WatchOptions, 'since' | 'sendInitialEvents' | 'visibility'>

/**
 * - `close`: the watch ends with `SlowConsumerError`, which says where to go on.
 * - `coalesce`: the oldest unread revisions become one batch with their net effect per object (`since` is set on it).
 *   Where changes have cancelled each other it is a bookmark. Each write in its scope then costs a little more while it
 *   is behind.
 * - `block`: writes wait until it has caught up, at most one second; then this watch ends as with `close`. So do writes
 *   elsewhere before the log drops what it has not read; those already on their way land. The client
 *   that opened the watch is not held back, so a consumer that writes does so through the client of its watch; a
 *   watch opened on the store itself holds back everybody.
 */
export type SlowConsumerPolicy = 'close' | 'coalesce' | 'block'

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
   * Calls `listener` with each batch. An error thrown by a listener, or that the promise of an asynchronous one is
   * rejected with, goes to the `Env`'s logger, not to the writer; nothing waits for that promise. An error thrown by a selector object of the reader's own ends the watch.
   * `ended` is called once when the watch ends by itself: with the error if there was one, without when the store
   * was closed. The returned function closes the watch.
   *
   * @throws UsageError when the watch has a consumer already
   */
  on(listener: (batch: WatchBatch<T>) => void, ended?: (error?: unknown) => void): Cancel
  /** Nothing is told after this call. Idempotent. */
  close(): void
}

/** What can be watched. */
export interface Watchable {
  /** Deliveries are steps of it. */
  readonly env: Env
  /**
   * Tells every change of a kind's objects from now on, or after the revision `since`, in batches, one for each
   * revision. Register with `on`, or iterate; it ends with `close`, `signal`, or an error that says why.
   */
  watch<Spec, Status>(kind: Kind<Spec, Status>, options?: WatchOptions): Watch<StoredObject<Spec, Status>>
  /** Watches several kinds as one: a batch has all changes of its revision, in the order in which they were written. */
  watch<const Kinds extends readonly Kind[]>(
    kinds: Kinds,
    options?: WatchOptions,
  ): Watch<ObjectOf<Kinds[number]>>
}
