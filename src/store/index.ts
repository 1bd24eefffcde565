// Objects and kinds.
export type {
  Json,
  ObjectId,
  ObjectInput,
  ObjectMeta,
  ObjectMetaInput,
  ObjectRef,
  OwnerReference,
  StoredObject,
} from './object.js'
export type { IndexFunction, JsonSchema, Kind, KindOptions, ObjectOf } from './kind.js'
export { defineKind } from './kind.js'
export type { NameFormat } from './object-name.js'

// Deletion.
export { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './finalizers.js'

// Admission.
export type {
  AdmissionHook,
  AdmissionOperation,
  AdmissionReply,
  AdmissionRequest,
  StoreAdmissionHook,
} from './admission.js'
export type { StandardSchema } from './standard-schema.js'

// The contract.
export type {
  Client,
  ClientOptions,
  DeleteOptions,
  Draft,
  DryRun,
  Fence,
  ListOptions,
  ModifyOptions,
  ObjectList,
  OptimisticOptions,
  Preconditions,
  PropagationPolicy,
  Reader,
  ReadOptions,
  Recipe,
  Snapshot,
  Store,
  Transaction,
  UpdateOptions,
  WriteOptions,
  Writer,
} from './store.js'
export type { Watch, WatchBatch, WatchEvent, WatchOptions } from './watch.js'
export type { WriteCause } from './write-cause.js'
export type { LabelSelectorInput } from './selector-input.js'
export { selectObjects } from './list-order.js'
export { objectFilter } from './query.js'

// A watch that outlives gaps.
export type { ListAndWatchOptions } from './list-and-watch.js'
export { listAndWatch } from './list-and-watch.js'

export type { LeaseOptions, Leases, LifetimeOptions, ObjectLease } from './leases.js'

// The memory store.
export type { StoreOptions } from './memory-store.js'
export { createStore } from './memory-store.js'

// Patches.
export type { AppliedObject, MergePatch, PatchBodies, PatchOptions, PatchType } from './patch.js'
export type { ManagedFields } from './apply/managed-fields.js'
export type { MergeType } from './apply/merge-type.js'
export type { ApplyConflict } from './apply/apply-conflict-error.js'
export { ApplyConflictError } from './apply/apply-conflict-error.js'
export type { JsonPatchOperation } from './json-patch.js'
export { applyJsonPatch, JsonPatchError } from './json-patch.js'
export { applyMergePatch } from './merge-patch.js'

// Errors.
export type { Mismatch } from './errors.js'
export {
  AlreadyExistsError,
  BadRequestError,
  ConflictError,
  ExpiredError,
  FencedError,
  ForbiddenError,
  FutureRevisionError,
  LeaseNotFoundError,
  NotFoundError,
  SlowConsumerError,
  UniqueViolationError,
} from './errors.js'
