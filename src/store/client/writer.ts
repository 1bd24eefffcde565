import type { Kind } from '../kind/kind.js'
import type { ExpiryOptions } from '../lifetime/lifetimes.js'
import type { ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'
import type { OptimisticOptions, Transaction, TransactResult } from '../transaction/transaction.js'
import type { CommitListener } from '../write/commit-listener.js'
import type { PatchBodies, PatchOptions, PatchType } from '../write/patch.js'
import type {
  DeleteOptions,
  ModifyOptions,
  Recipe,
  UpdateOptions,
  WriteOptions,
} from '../write/write-options.js'

/**
 * Writes. A promise resolves when the change is committed and visible to this store's readers.
 *
 * Errors: `NotFoundError`, `AlreadyExistsError`, `ConflictError` (stale resourceVersion or uid), `InvalidError`
 * (the object), `FencedError` (this writer may no longer write), `ClosedError`. A refused write changes nothing.
 */
export interface Writer {
  /**
   * Creates an object and returns it as it is stored, with `uid`, `resourceVersion`, `generation` and
   * `creationTimestamp`. Its name is `metadata.name`, or `metadata.generateName` with a random ending. Refused with
   * `AlreadyExists` when there is one of this kind, namespace and name; `ttlMs` or `lifetime` end it by themselves.
   */
  create<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: ExpiryOptions & WriteOptions,
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
   * `body` may run again; it does nothing but read and write through `tx`. A write that is refused leaves nothing
   * behind, so `body` may catch the error and go on. Returns what `body` returns; with `dryRun`, also the batch that
   * watchers would be told.
   */
  transact<T, Dry extends boolean = false>(
    body: (tx: Transaction) => T,
    options?: WriteCause & CommitListener & { readonly dryRun?: Dry },
  ): Promise<TransactResult<T, Dry>>
  /**
   * As `transact`, for a body that awaits: it reads one revision, and its writes are committed only if nothing
   * that it has read (keys, missing ones too, and lists) was changed meanwhile; so the outcome is one that
   * transactions in turn could have. Otherwise it runs again, after a random part of 10 ms, 20 ms, and so on.
   * Until the commit the resourceVersion of what it writes is provisional; an object that it returns has the real one.
   * An admission hook may take its time: then the body runs again with the answer, which is no attempt of its own.
   *
   * @throws ConflictError that names what has changed, when the last attempt is lost, or ExpiredError when the store
   * no longer keeps what that attempt has read; what `body` throws, at once
   */
  optimistic<T>(
    body: (tx: Transaction) => T | PromiseLike<T>,
    options?: OptimisticOptions & WriteCause & CommitListener,
  ): Promise<T>
}
