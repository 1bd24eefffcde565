import type { Env } from '../core/index.js'
import type { Kind, ObjectOf } from './kind/kind.js'
import type { Leases, LifetimeOptions } from './lease/leases.js'
import type { ObjectInput, ObjectRef, StoredObject } from './object/object.js'
import type { WriteCause } from './object/write-cause.js'
import type { IndexQuery } from './read/index-query.js'
import type { LabelSelectorInput } from './read/selector-input.js'
import type { Watch, WatchBatch, WatchOptions } from './watch/watch.js'
import type { PatchBodies, PatchOptions, PatchType } from './write/patch.js'

/** Narrows a list. All conditions must hold. */
export interface ListOptions {
  /** Default: every namespace. */
  readonly namespace?: string
  /** Kubernetes grammar (`app=web,tier in (a,b)`), its object form, or a parsed selector. */
  readonly labelSelector?: LabelSelectorInput
  /** `metadata.name`, `metadata.namespace` and any `spec.`/`status.` path, for example `spec.nodeName=n1`. */
  readonly fieldSelector?: string
  /** Names from `from` on and before `to` that begin with `prefix`, as far as these are given. */
  readonly names?: { readonly prefix?: string; readonly from?: string; readonly to?: string }
  /**
   * Objects that the declared index lists under this value, or under values of this range. A list by range is in the
   * order of values, then of keys; an object with several such values is in it once, at the first.
   */
  readonly index?: IndexQuery
  /** Uid: objects with an owner reference to it; found as through an index. Not together with `index`. */
  readonly owner?: string
  /** The last comes first. Default false. */
  readonly reverse?: boolean
  /** How many items at most, ≥ 1; `continue` of the list leads to the others. Default: all. */
  readonly limit?: number
  /**
   * From the page before, whose other conditions must be the same: the next items, of the same revision.
   * @throws BadRequestError for a token of another query or store; ExpiredError when its revision is no longer
   * kept, with a token in `details.continue` that goes on from the newest revision
   */
  readonly continue?: string
}

/** A list that says how new it must be. */
export interface ReadOptions extends ListOptions {
  /** Default: the newest. */
  readonly resourceVersion?: number | string
  /**
   * `NotOlderThan`, the default: the newest, if `resourceVersion` has happened. `Exact`: as it was then.
   * @throws FutureRevisionError, and with `Exact` ExpiredError when the store no longer keeps it
   */
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

/** Objects in key order (namespace, then name), or in that of an index; all as of one revision. */
export interface ObjectList<T> {
  readonly revision: number
  readonly items: readonly T[]
  /** Leads to the next page; absent on the last. */
  readonly continue?: string
  /** How many items come after this page; absent where a selector or an index narrows the list. */
  readonly remainingItemCount?: number
}

/** Synchronous reads of one consistent revision. */
export interface Reader {
  /** The last revision that this reader has seen. */
  readonly revision: number
  get<Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef): StoredObject<Spec, Status> | undefined
  list<Spec, Status>(kind: Kind<Spec, Status>, options?: ListOptions): ObjectList<StoredObject<Spec, Status>>
  /** How many objects a list would have in all its pages; without a look at them where an index tells. */
  count<Spec, Status>(kind: Kind<Spec, Status>, options?: ListOptions): number
}

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

/** Conditions that the stored object must meet; else `ConflictError`. */
export interface Preconditions {
  readonly uid?: string
  /**
   * What the write replaces must be as it was at this resourceVersion: metadata and spec for `modify`, the
   * status for `modifyStatus`, the whole object for `delete`.
   */
  readonly resourceVersion?: string
}

/** Who writes, for objects whose fields have owners. */
export interface FieldOwner {
  /** Owns what the write changes; 1 to 128 characters. Default `unknown`. */
  readonly fieldManager?: string | undefined
}

/** How an object is modified. */
export interface ModifyOptions extends FieldOwner, LifetimeOptions {
  readonly preconditions?: Preconditions
}

/** What becomes of the dependents of an object that is deleted; a garbage collector acts on it. */
export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan'

/** How an object is deleted. */
export interface DeleteOptions {
  readonly preconditions?: Preconditions
  /**
   * For a kind with grace periods: how long the object may stay, whole seconds; 0 removes it at once, a negative
   * one means 1. Default: that of the kind. Other kinds have none, whatever is given.
   */
  readonly gracePeriodSeconds?: number
  /**
   * `Foreground` and `Orphan` hold the object with the finalizer `foregroundDeletion` or `orphan`, which a garbage
   * collector takes away once the dependents are gone or cut loose. `Background` takes both away. Default: as the
   * finalizers of the object say.
   */
  readonly propagationPolicy?: PropagationPolicy
  /**
   * `atomic`: every object that has no other owner goes in the same commit, and so on down the tree. Default: the
   * dependents are left to a garbage collector.
   */
  readonly cascade?: 'atomic'
}

/** How `update` treats what it was given. */
export interface UpdateOptions extends FieldOwner, LifetimeOptions {
  /** Allows an object with no `resourceVersion` to replace whatever is stored. Default false. */
  readonly unconditional?: boolean
}

/** What every write can be told besides its object. */
export interface WriteOptions extends WriteCause, FieldOwner {
  /** Makes every check and answers as if the write had happened, but changes nothing. Default false. */
  readonly dryRun?: boolean
}

/** How a transaction is repeated. */
export interface OptimisticOptions {
  /** How often the body runs at most. Default 5. */
  readonly attempts?: number
}

/** What a transaction would have done. */
export interface DryRun<T> {
  /** What the body returned. */
  readonly result: T
  /** What watchers would be told, under the next revision; undefined when nothing would change. */
  readonly batch: WatchBatch<StoredObject> | undefined
}

/** Changes a mutable draft in place, synchronously; what it returns is ignored. */
export type Recipe<Spec, Status> = (draft: Draft<StoredObject<Spec, Status>>) => void

/** Deeply mutable view of a readonly JSON type. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? Draft<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Draft<T[Key]> }
    : T

/**
 * Writes. A promise resolves when the change is committed and visible to this store's readers.
 *
 * Errors: `NotFoundError`, `AlreadyExistsError`, `ConflictError` (stale resourceVersion or uid), `InvalidError`
 * (the object), `FencedError` (this writer may no longer write), `ClosedError`. A refused write changes nothing.
 */
export interface Writer {
  create<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: LifetimeOptions & WriteOptions,
  ): Promise<StoredObject<Spec, Status>>
  /**
   * Replaces metadata and spec; refused when either has changed since `metadata.resourceVersion`. With a status
   * subresource a change of status does not count. A no-op takes no revision.
   */
  update<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: UpdateOptions & WriteOptions,
  ): Promise<StoredObject<Spec, Status>>
  /** Replaces only the status; refused when that has changed since `metadata.resourceVersion`. */
  updateStatus<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: UpdateOptions & WriteOptions,
  ): Promise<StoredObject<Spec, Status>>
  /** Applies `recipe` to the object as it is at the commit, so there is no conflict to lose. It may run again. */
  modify<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    recipe: Recipe<Spec, Status>,
    options?: ModifyOptions & WriteOptions,
  ): Promise<StoredObject<Spec, Status>>
  /** As `modify`, for the status only; other changes of the recipe are dropped. */
  modifyStatus<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    recipe: Recipe<Spec, Status>,
    options?: ModifyOptions & WriteOptions,
  ): Promise<StoredObject<Spec, Status>>
  /**
   * Applies a patch to the object as it is at the commit, so there is no conflict to lose; a `resourceVersion` or
   * `uid` that the patch sets is a precondition. Type `apply` creates an object that is missing. Also throws
   * `JsonPatchError`, and `ApplyConflictError` for fields of other managers.
   */
  patch<Spec, Status, Type extends PatchType>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    patch: PatchBodies<Spec, Status>[Type],
    options: PatchOptions<Type> & WriteOptions,
  ): Promise<StoredObject<Spec, Status>>
  /**
   * Deletes the object, or marks it with `deletionTimestamp` while finalizers hold it or its grace period runs.
   * Returns the object as it was left or last seen.
   */
  delete<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    options?: DeleteOptions & WriteOptions,
  ): Promise<StoredObject<Spec, Status>>
  /**
   * Runs `body` against a private view and commits all its writes under one revision, or none when it throws.
   * `body` may run again; it does nothing but read and write through `tx`. Returns what `body` returns; with
   * `dryRun`, also the batch that watchers would be told.
   */
  transact<T>(
    body: (tx: Transaction) => T,
    options: WriteCause & { readonly dryRun: true },
  ): Promise<DryRun<T>>
  transact<T>(body: (tx: Transaction) => T, options?: WriteCause & { readonly dryRun?: false }): Promise<T>
  /**
   * As `transact`, for a body that awaits: it reads one revision, and its writes are committed only if nothing
   * that it has read (keys, missing ones too, and lists) was changed meanwhile; so the outcome is one that
   * transactions in turn could have. Otherwise it runs again, after a random part of 10 ms, 20 ms, and so on.
   * Until the commit the resourceVersion of what it writes is provisional; an object that it returns has the real one.
   *
   * @throws ConflictError that names what has changed, when the last attempt is lost; what `body` throws, at once
   */
  optimistic<T>(
    body: (tx: Transaction) => T | PromiseLike<T>,
    options?: OptimisticOptions & WriteCause,
  ): Promise<T>
}

/** Reads and writes inside `transact`: a transaction sees its own writes, nobody else does before the commit. */
export interface Transaction extends Reader {
  create<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: FieldOwner & LifetimeOptions,
  ): StoredObject<Spec, Status>
  update<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: UpdateOptions,
  ): StoredObject<Spec, Status>
  updateStatus<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: UpdateOptions,
  ): StoredObject<Spec, Status>
  modify<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    recipe: Recipe<Spec, Status>,
    options?: ModifyOptions,
  ): StoredObject<Spec, Status>
  modifyStatus<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    recipe: Recipe<Spec, Status>,
    options?: ModifyOptions,
  ): StoredObject<Spec, Status>
  patch<Spec, Status, Type extends PatchType>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    patch: PatchBodies<Spec, Status>[Type],
    options: PatchOptions<Type>,
  ): StoredObject<Spec, Status>
  delete<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    options?: DeleteOptions,
  ): StoredObject<Spec, Status>
}

/** A writer's licence: an object whose resourceVersion must not have changed when a write commits. */
export interface Fence {
  readonly kind: Kind
  readonly ref: ObjectRef
  readonly resourceVersion: string
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
export interface Client extends Reader, Writer {
  readonly env: Env
  readonly leases: Leases
  list<Spec, Status>(kind: Kind<Spec, Status>, options?: ReadOptions): ObjectList<StoredObject<Spec, Status>>
  count<Spec, Status>(kind: Kind<Spec, Status>, options?: ReadOptions): number
  /**
   * Pins a revision, the newest by default, with nothing copied. Close it: while it is open the store keeps what
   * has changed since, up to twice `logCapacity` revisions.
   *
   * @throws ExpiredError when the revision is no longer kept, FutureRevisionError when it has not happened
   */
  snapshot(revision?: number | string): Snapshot
  watch<Spec, Status>(kind: Kind<Spec, Status>, options?: WatchOptions): Watch<StoredObject<Spec, Status>>
  /** Watches several kinds as one: a batch has all changes of its revision, in the order in which they were written. */
  watch<const Kinds extends readonly Kind[]>(
    kinds: Kinds,
    options?: WatchOptions,
  ): Watch<ObjectOf<Kinds[number]>>
  /** The same store seen from another `Env`. */
  client(env: Env, options?: ClientOptions): Client
}

/** A watchable, versioned object store. */
export interface Store extends Client, AsyncDisposable {
  /**
   * Forgets what was before `revision`: older reads and watches are `Expired` from now on, and watchers that have
   * not read it end with `SlowConsumerError`. Open snapshots stay readable. The memory is freed in steps of at
   * most 1,000 changes; resolves after the last one.
   *
   * @throws ExpiredError when that was compacted before, FutureRevisionError when it has not happened
   */
  compact(revision: number | string): Promise<void>
  /** Ends every watch and refuses every later call with `ClosedError`. Idempotent. */
  close(): Promise<void>
}
