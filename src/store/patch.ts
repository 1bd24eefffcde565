import type { JsonPatchOperation } from './json-patch.js'
import type { StoredObject } from './object.js'
import type { Preconditions } from './store.js'

/** What a patch looks like, by its type. */
export interface PatchBodies<Spec, Status> {
  /** JSON Patch, RFC 6902: all of its operations or none. */
  readonly json: readonly JsonPatchOperation[]
  /** JSON Merge Patch, RFC 7396: members are merged, `null` removes one, lists are replaced. */
  readonly merge: MergePatch<StoredObject<Spec, Status>>
}

/** The languages in which a patch can be written. */
export type PatchType = keyof PatchBodies<unknown, unknown>

/** A part of `T`, in which `null` stands for what is to be removed. */
export type MergePatch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: MergePatch<T[Key]> | null }
    : T

/** How an object is patched. */
export interface PatchOptions<Type extends PatchType = PatchType> {
  readonly type: Type
  /** `status`: only the status is changed, whatever else the patch says. Default: everything but the status. */
  readonly subresource?: 'status'
  readonly preconditions?: Preconditions
}
