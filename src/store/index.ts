// Start here.
export { createStore } from './client/memory-store.js'
export { defineKind } from './kind/kind.js'
export { listAndWatch } from './watch/list-and-watch.js'
export type { Client, Store } from './client/client.js'
export type { Kind } from './kind/kind.js'
export type { ObjectRef, StoredObject } from './object/object.js'
export type { Reader } from './read/reader.js'
export type { Transaction } from './transaction/transaction.js'
export type { Watch } from './watch/watch.js'

// To build with: clients over clients, texts and names of objects, patches and selections by hand.
export { formatFieldsV1, parseFieldsV1 } from './apply/fields-v1.js'
export { DelegatingClient } from './client/delegating-client.js'
export { tapWrites } from './client/tap-writes.js'
export { applyJsonPatch } from './json/json-patch.js'
export { applyMergePatch } from './json/merge-patch.js'
export { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from './object/finalizer-list.js'

// Types you will meet.
export type { ClientOptions, Snapshot } from './client/client.js'
export type { ClientWrite } from './client/client-write.js'
export type { Fence } from './client/fence.js'
export type { StoreOptions } from './client/memory-store.js'
export type { WriteTap } from './client/tap-writes.js'
export type { Writer } from './client/writer.js'
export type { Quota, QuotaUse } from './engine/quotas.js'
export type { WatchBatch, WatchEvent } from './engine/watch-batch.js'
export type { Json } from './json/json-border.js'
export type { JsonPatchOperation } from './json/json-patch.js'
export type { AdmissionHook, AdmissionReply, AdmissionRequest, StoreAdmissionHook } from './kind/admission.js'
export type { IndexFunction, JsonSchema, KindOptions, ObjectOf } from './kind/kind.js'
export type { DeepReadonly } from './object/deep-readonly.js'
export type { StandardSchema } from './kind/standard-schema.js'
export type { ExpiryOptions, Lifetime, Lifetimes } from './lifetime/lifetimes.js'
export type { PropagationPolicy } from './object/finalizer-list.js'
export type { ObjectChange, ObjectInput, ObjectMeta, OwnerReference } from './object/object.js'
export type { WriteCause } from './object/write-cause.js'
export type { ObjectRevision } from './read/object-history.js'
export type {
  GroupBy,
  GroupCount,
  LabelSelectorInput,
  ListOptions,
  ObjectList,
  ReadOptions,
} from './read/reader.js'
export type { OptimisticOptions } from './transaction/transaction.js'
export type { ListAndWatchOptions, WatchOptions } from './watch/watch.js'
export type { CommitListener } from './write/commit-listener.js'
export type { AppliedObject, PatchOptions } from './write/patch.js'
export type {
  DeleteOptions,
  ModifyOptions,
  Recipe,
  UpdateOptions,
  WriteOptions,
} from './write/write-options.js'
