import type { FieldProblem } from '../../core/index.js'
import type { ObjectInput, StoredObject } from '../object/object.js'
import type { Kind } from './kind.js'

/** What a hook is asked about. `modify` and patches are updates, `modifyStatus` is `updateStatus`. */
export type AdmissionOperation = 'create' | 'update' | 'updateStatus' | 'delete'

/** What a hook is given; deeply frozen. */
export interface AdmissionRequest<Spec = unknown, Status = unknown> {
  readonly operation: AdmissionOperation
  readonly kind: Kind<Spec, Status>
  /** The object as it would be stored; before a create it has no uid, and no name where one is generated. */
  readonly object: ObjectInput<Spec, Status>
  /** The stored object; undefined for a create. */
  readonly previous: StoredObject<Spec, Status> | undefined
}

/** Nothing means: no objection, no change. */
export type AdmissionReply<Spec = unknown, Status = unknown> =
  | undefined
  | void
  /** The object to go on with; `default` and `mutate` only. What the write may not change must be as it was. */
  | { readonly object: ObjectInput<Spec, Status> }
  /** Refuses the write with `InvalidError`; an empty list is no objection. */
  | { readonly problems: readonly FieldProblem[] }
  /** Refuses the write with `ForbiddenError`. */
  | { readonly forbidden: string }

/**
 * Decides about writes before they happen. Hooks run in the order default, mutate, the kind's schema, validate;
 * within a phase those of the kind come first, then those of the store, as they are listed. The first that
 * refuses stops the write. An error that a hook throws is the error of the write.
 */
export interface AdmissionHook<Spec = unknown, Status = unknown> {
  /** Named in errors; no two hooks of a kind have the same. */
  readonly name: string
  readonly phase: 'default' | 'mutate' | 'validate'
  /** Default `create` and `update`. `delete` is for `validate` only. */
  readonly operations?: readonly AdmissionOperation[]
  /**
   * Reads its input and writes nothing. May return a promise: the write is then tried again with the answer,
   * its preconditions included, and the hook is asked again if the object is no longer the one it has judged.
   * In `optimistic` the body runs again. In `transact`, which cannot wait, a promise is a `UsageError`.
   */
  handle(
    request: AdmissionRequest<Spec, Status>,
  ): AdmissionReply<Spec, Status> | Promise<AdmissionReply<Spec, Status>>
}

/** A hook of a store; it may say which kinds it is for, default all. */
export interface StoreAdmissionHook extends AdmissionHook {
  readonly kinds?: readonly Kind[]
}
