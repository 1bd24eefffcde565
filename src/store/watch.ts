import type { Cancel } from '../core/index.js'
import type { LabelSelectorInput } from './selector-input.js'

/** What a watcher asks for. */
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
  readonly namespace?: string
  readonly name?: string
  /** An object that stops matching is reported as DELETED, one that starts to match as ADDED. */
  readonly labelSelector?: LabelSelectorInput
  readonly signal?: AbortSignal
}

/** One change of one object. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** The object after the change; for DELETED its last state, with the revision of the deletion. */
  readonly object: T
  /** The object before the change; absent for ADDED by creation and for initial events. */
  readonly previous?: T
}

/** All matching changes of one revision; never split. */
export interface WatchBatch<T> {
  readonly revision: number
  readonly events: readonly WatchEvent<T>[]
  /** True for the batch of the initial events; there is one even when nothing exists. */
  readonly initialEventsEnd?: boolean
}

/**
 * A stream of whole revisions. Read it with `for await`, with `on`, or as an Observable (rxjs' `from` takes it);
 * by one consumer. Until there is one, it waits.
 *
 * Guarantees: revisions increase strictly; every matching change is delivered once; delivery is a step of the
 * watcher's `Env` after the commit, never inside it; nothing is delivered after `close()`.
 * A watcher that falls behind the store's log ends with `SlowConsumerError`.
 */
export interface Watch<T> extends AsyncIterable<WatchBatch<T>>, Disposable {
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
