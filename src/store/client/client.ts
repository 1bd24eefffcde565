import type { Env } from '../../core/index.js'
import type { QuotaUse } from '../engine/quotas.js'
import type { Kind } from '../kind/kind.js'
import type { Lifetimes } from '../lifetime/lifetimes.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import type { ObjectRevision } from '../read/object-history.js'
import type { GroupBy, GroupCount, ObjectList, Reader, ReadOptions } from '../read/reader.js'
import type { Watchable } from '../watch/watch.js'
import type { Fence } from './fence.js'
import type { Writer } from './writer.js'

/** Reads pinned at one revision, whatever is written later. */
export interface Snapshot extends Reader, Disposable {
  /**
   * A store of its own that begins with this content and goes on from this revision; what is written there is seen
   * nowhere else. Objects are shared, so it costs one place per object.
   *
   * @param env default: that of the store; with its own the copy leaves the ids and the time of others alone
   */
  fork(env?: Env): Store
  /**
   * A name for the content: equal content has equal hashes in every store, however it came to be. Content is what was
   * meant: uids, revisions, generations and times do not count, that a deletion is under way does. 64 bits, not
   * cryptographic. The first costs all objects, a later one what has changed in between.
   */
  hash(): string
  /** Lets go of the pinned versions. Idempotent; reads after it throw `ClosedError`. */
  close(): void
}

/** How a client is made. */
export interface ClientOptions {
  /** Checked inside every commit of this client, besides those of the client it comes from; else `FencedError`. */
  readonly fence?: Fence
}

/**
 * What controllers take instead of a store: each write is one step of the given `Env`, watches deliver as its
 * steps, and nothing happens any more once that `Env` is closed.
 */
export interface Client extends Reader, Writer, Watchable {
  readonly lifetimes: Lifetimes
  list<Spec, Status>(kind: Kind<Spec, Status>, options?: ReadOptions): ObjectList<StoredObject<Spec, Status>>
  count<Spec, Status>(kind: Kind<Spec, Status>, options?: ReadOptions): number
  countBy<Spec, Status>(kind: Kind<Spec, Status>, by: GroupBy, options?: ReadOptions): readonly GroupCount[]
  /**
   * Pins a revision, the newest by default, with nothing copied. Close it: while it is open the store keeps what
   * has changed since, up to twice `logCapacity` revisions.
   *
   * @throws ExpiredError when the revision is no longer kept, FutureRevisionError when it has not happened
   */
  snapshot(revision?: number | string): Snapshot
  /** The same store seen from another `Env`. */
  client(env: Env, options?: ClientOptions): Client
}

/** A watchable, versioned object store. */
export interface Store extends Client, AsyncDisposable {
  /**
   * Forgets what was before `revision`: older reads and watches are `Expired` from now on, and watchers that have
   * not read it end with `SlowConsumerError`. Open snapshots stay readable. The memory is freed in steps of at
   * most 1,000 changes; resolves after the last one. What is not on the disk yet is forgotten when it is.
   *
   * @throws ExpiredError when that was compacted before, FutureRevisionError when it has not happened
   */
  compact(revision: number | string): Promise<void>
  /**
   * What the log still knows of an object, oldest first: each state with its revision, and who wrote it and why. The
   * newest state is there as long as the object is. Deleted and made again, it has both lives in it.
   */
  history<Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef): readonly ObjectRevision<Spec, Status>[]
  /** How much of each of the store's `quotas` is used now; costs the quotas and, of those per namespace, the namespaces. */
  quotaUse(): readonly QuotaUse[]
  /** Ends every watch and refuses every later call with `ClosedError`. Idempotent. */
  close(): Promise<void>
}
