// Objects and kinds.
export type {
  ObjectChange,
  ObjectId,
  ObjectInput,
  ObjectMeta,
  ObjectMetaInput,
  ObjectRef,
  OwnerReference,
  StoredObject,
} from './object/object.js'

export type { Json } from './json/json-border.js'
export type { IndexFunction, JsonSchema, Kind, KindOptions, ObjectOf } from './kind/kind.js'
export { defineKind } from './kind/kind.js'
export type { NameFormat } from './object/object-name.js'

// Deletion.
export { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './object/finalizer-list.js'

// Admission.
export type {
  AdmissionHook,
  AdmissionOperation,
  AdmissionReply,
  AdmissionRequest,
  StoreAdmissionHook,
} from './kind/admission.js'

export type { StandardSchema } from './kind/standard-schema.js'

// The contract.
export type { Client, ClientOptions, Snapshot, Store } from './client/client.js'
export type { Fence } from './client/fence.js'
export type { Writer } from './client/writer.js'
export type { DryRun, OptimisticOptions, Transaction } from './transaction/transaction.js'
export type {
  DeleteOptions,
  Draft,
  ModifyOptions,
  Preconditions,
  Recipe,
  UpdateOptions,
  WriteOptions,
} from './write/write-options.js'

export type { PropagationPolicy } from './object/finalizer-list.js'
export type { ListOptions, ObjectList, Reader, ReadOptions } from './read/reader.js'
export type { Watch, WatchOptions } from './watch/watch.js'
export type { WatchBatch, WatchEvent } from './engine/watch-batch.js'
export type { WriteCause } from './object/write-cause.js'
export type { LabelSelectorInput } from './read/reader.js'
export { selectObjects } from './read/list-order.js'
export { objectFilter } from './read/query.js'

// A watch that outlives gaps.
export type { ListAndWatchOptions } from './watch/list-and-watch.js'
export { listAndWatch } from './watch/list-and-watch.js'

export type { LifetimeOptions, Lifetimes, ExpiryOptions, Lifetime } from './lifetime/lifetimes.js'

// Clients over other clients.
export { DelegatingClient } from './client/delegating-client.js'
export {
  sendWrite,
  type ClientWrite,
  type OptimisticWrite,
  type TransactWrite,
} from './client/client-write.js'
export { tapWrites, type WriteTap } from './client/tap-writes.js'
export type {
  ObjectWrite,
  CreateWrite,
  UpdateWrite,
  ModifyWrite,
  PatchWrite,
  DeleteWrite,
} from './write/object-write.js'

// The memory store.
export type { StoreOptions } from './client/memory-store.js'
export { createStore } from './client/memory-store.js'

// Patches.
export type { AppliedObject, MergePatch, PatchBodies, PatchOptions, PatchType } from './write/patch.js'
export type { ManagedFields } from './object/managed-fields.js'
export type { MergeType } from './kind/merge-type.js'
export type { ApplyConflict } from './apply/apply-conflict-error.js'
export { ApplyConflictError } from './apply/apply-conflict-error.js'
export { diffJson } from './json/json-diff.js'
export type { JsonPatchOperation } from './json/json-patch.js'
export { applyJsonPatch, JsonPatchError } from './json/json-patch.js'
export { applyMergePatch } from './json/merge-patch.js'

// Errors.
export type { Mismatch } from './object/store-errors.js'
export {
  AlreadyExistsError,
  BadRequestError,
  ConflictError,
  ExpiredError,
  FencedError,
  ForbiddenError,
  FutureRevisionError,
  LifetimeNotFoundError,
  NotFoundError,
  SlowConsumerError,
  UniqueViolationError,
} from './object/store-errors.js'
