export { defineKind, type IndexFunction, type JsonSchema, type Kind, type KindOptions, type ObjectOf } from './kind.js'
export type {
  Json,
  ObjectInput,
  ObjectMeta,
  ObjectMetaInput,
  ObjectRef,
  OwnerReference,
  StoredObject,
} from './object.js'
export type {
  Client,
  ClientOptions,
  DeleteOptions,
  Draft,
  Fence,
  ListOptions,
  ObjectList,
  Preconditions,
  Reader,
  Recipe,
  Snapshot,
  Store,
  Transaction,
  UpdateOptions,
  Writer,
} from './store.js'
export type { Watch, WatchBatch, WatchEvent, WatchOptions } from './watch.js'
