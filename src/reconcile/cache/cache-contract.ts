import type { Cancel } from '../../core/index.js'
import type { Client, Kind, Reader, StoredObject } from '../../store/index.js'
import type { SourceChange } from '../sources/event-mapping.js'
import type { ObjectSource } from '../sources/object-source.js'
import type { IndexValue, ObjectIndex } from './object-index.js'
import type { CacheDifference } from './verify.js'

/** How a cache is made. */
export interface CacheOptions {
  /** Default `cache`. */
  readonly name?: string
  readonly kinds: readonly Kind[]
  /** Default none. Objects are found by them in time proportional to what is found. */
  readonly indexes?: readonly ObjectIndex[]
  /** Where the objects come from. Default: the store behind the client that it is started with. */
  readonly source?: ObjectSource
}

/** What one batch of the source changed. */
export interface CacheChanges {
  readonly revision: number
  /** In the order told; deletions found by a list come first. */
  readonly changes: readonly SourceChange[]
  /** True for the first list: the objects were there before. */
  readonly isFirst?: true
  /** Present after a gap: states after this revision may have come and gone without a change here. */
  readonly since?: number
}

/** A local copy of the objects of some kinds, as new as its source has told. A manager can start and stop it. */
export interface Cache extends Reader {
  readonly name: string
  /**
   * Opens the source; resolves when its first list has come, or `stop` is called before.
   *
   * Errors: UsageError when it is running already; before its first list what the source says that does not change by
   * asking again: `ClosedError`, or `Usage`, `Invalid` and `BadRequest`, as of a kind that a store does not know.
   */
  start(client: Client): Promise<void>
  /** Follows the store no more; reads keep what was seen last. Idempotent. */
  stop(): void
  /** True once the first list has come. Reads before it find nothing. */
  readonly synced: boolean
  /** Counts how often the source began again at an older revision, as a restored one does. */
  readonly epoch: number
  /** Why the source is not opened again, if it is not; then reads show what was told before. */
  readonly failure: Error | undefined
  /** How often the source was opened again. */
  readonly breaks: number
  /** True for the kinds that it was made for. */
  holds(kind: Kind): boolean
  /** True when everything up to `revision` was told, and no change may have been missed. */
  hasReached(revision: number): boolean
  /** Resolves with true when it has reached `revision`, with false after `timeoutMs` (default 30 s). */
  reach(revision: number, options?: { readonly timeoutMs?: number }): Promise<boolean>
  /**
   * The objects that `index` has under `value`, in key order.
   *
   * @throws UsageError when the cache was made without that index
   */
  by<Spec, Status>(index: ObjectIndex<Spec, Status>, value: IndexValue): readonly StoredObject<Spec, Status>[]
  /** Keys of one kind, namespace by namespace; may be walked while objects come and go. */
  keys(kind: Kind): IterableIterator<string>
  /** Calls `listener` after each batch that was applied, when reads show it already. */
  onChange(listener: (changes: CacheChanges) => void): Cancel
  /**
   * Lists the source and compares. When anything differs, the cache is filled again. Objects that change while it
   * looks are left out.
   *
   * Errors: what the list fails with; KeelsonError `Timeout` when the cache does not get as far as the list within
   * `timeoutMs` (default 30 s).
   */
  verify(options?: { readonly timeoutMs?: number }): Promise<readonly CacheDifference[]>
}
