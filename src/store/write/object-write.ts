import type { Kind } from '../kind/kind.js'
import type { ExpiryOptions } from '../lifetime/lifetimes.js'
import type { ObjectInput, ObjectRef } from '../object/object.js'
import type { PatchBodies, PatchOptions, PatchType } from './patch.js'
import type { DeleteOptions, ModifyOptions, Recipe, UpdateOptions, WriteOptions } from './write-options.js'

/** Which half of an object a write is about. */
export type Part = 'main' | 'status'

/** `create`. */
export interface CreateWrite<Spec = unknown, Status = unknown> {
  readonly verb: 'create'
  readonly kind: Kind<Spec, Status>
  readonly object: ObjectInput<Spec, Status>
  readonly options: ExpiryOptions & WriteOptions
}

/** `update`, or `updateStatus`. */
export interface UpdateWrite<Spec = unknown, Status = unknown> {
  readonly verb: 'update' | 'updateStatus'
  readonly kind: Kind<Spec, Status>
  readonly object: ObjectInput<Spec, Status>
  readonly options: UpdateOptions & WriteOptions
}

/** `modify`, or `modifyStatus`. */
export interface ModifyWrite<Spec = unknown, Status = unknown> {
  readonly verb: 'modify' | 'modifyStatus'
  readonly kind: Kind<Spec, Status>
  readonly ref: ObjectRef
  readonly recipe: Recipe<Spec, Status>
  readonly options: ModifyOptions & WriteOptions
}

/** `patch`, in the language that its options name. */
export interface PatchWrite<Spec = unknown, Status = unknown> {
  readonly verb: 'patch'
  readonly kind: Kind<Spec, Status>
  readonly ref: ObjectRef
  readonly patch: PatchBodies<Spec, Status>[PatchType]
  readonly options: PatchOptions & WriteOptions
}

/** `delete`. */
export interface DeleteWrite<Spec = unknown, Status = unknown> {
  readonly verb: 'delete'
  readonly kind: Kind<Spec, Status>
  readonly ref: ObjectRef
  readonly options: DeleteOptions & WriteOptions
}

/** One write of one object, as data: what a client hands on, and a store or a transaction performs. */
export type ObjectWrite<Spec = unknown, Status = unknown> =
  | CreateWrite<Spec, Status>
  | UpdateWrite<Spec, Status>
  | ModifyWrite<Spec, Status>
  | PatchWrite<Spec, Status>
  | DeleteWrite<Spec, Status>
