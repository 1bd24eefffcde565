import type { WatchBatch } from '../engine/watch-batch.js'
import type { Kind } from '../kind/kind.js'
import type { ExpiryOptions } from '../lifetime/lifetimes.js'
import type { ObjectInput, ObjectRef, StoredObject } from '../object/object.js'
import type { Reader } from '../read/reader.js'
import type { PatchBodies, PatchOptions, PatchType } from '../write/patch.js'
import type {
  DeleteOptions,
  FieldOwner,
  ModifyOptions,
  Recipe,
  UpdateOptions,
} from '../write/write-options.js'

/** Reads and writes inside `transact`: a transaction sees its own writes, nobody else does before the commit. */
export interface Transaction extends Reader {
  /** Creates an object, as `create` of a store; it is there for the reads that follow. */
  create<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: FieldOwner & ExpiryOptions,
  ): StoredObject<Spec, Status>
  /** Replaces metadata and spec, as `update` of a store. */
  update<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: UpdateOptions,
  ): StoredObject<Spec, Status>
  /** Replaces only the status, as `updateStatus` of a store. */
  updateStatus<Spec, Status>(
    kind: Kind<Spec, Status>,
    object: ObjectInput<Spec, Status>,
    options?: UpdateOptions,
  ): StoredObject<Spec, Status>
  /** Applies `recipe` to the object as this transaction sees it. */
  modify<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    recipe: Recipe<Spec, Status>,
    options?: ModifyOptions,
  ): StoredObject<Spec, Status>
  /** As `modify`, for the status only; other changes of the recipe are dropped. */
  modifyStatus<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    recipe: Recipe<Spec, Status>,
    options?: ModifyOptions,
  ): StoredObject<Spec, Status>
  /** Applies a patch to the object as this transaction sees it, as `patch` of a store. */
  patch<Spec, Status, Type extends PatchType>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    patch: PatchBodies<Spec, Status>[Type],
    options: PatchOptions<Type>,
  ): StoredObject<Spec, Status>
  /** Deletes the object, or marks it while finalizers hold it or its grace period runs, as `delete` of a store. */
  delete<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
    options?: DeleteOptions,
  ): StoredObject<Spec, Status>
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

/** What `transact` returns: what its body did, or with `dryRun` also what would have been told. */
export type TransactResult<T, Dry extends boolean> = Dry extends true ? DryRun<T> : T
