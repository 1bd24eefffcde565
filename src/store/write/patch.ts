import type { JsonPatchOperation } from '../json/json-patch.js'
import type { ExpiryOptions } from '../lifetime/lifetimes.js'
import type { ObjectMetaInput, StoredObject } from '../object/object.js'
import type { FieldOwner, Preconditions } from './write-options.js'

/** What a patch looks like, by its type. */
export interface PatchBodies<Spec, Status> {
  /** JSON Patch, RFC 6902: all of its operations or none. */
  readonly json: readonly JsonPatchOperation[]
  /** JSON Merge Patch, RFC 7396: members are merged, `null` removes one, lists are replaced. */
  readonly merge: MergePatch<StoredObject<Spec, Status>>
  /**
   * As `merge`, but lists are merged as the kind's `mergeTypes` say: an item with the keys of one that is there is merged
   * into it, others come last, `{ …keys, $patch: 'delete' }` removes one; a set takes what it lacks.
   */
  readonly mergeByKey: KeyedMergePatch<StoredObject<Spec, Status>>
  /** Server-side apply: the fields that the manager wants, with their values. */
  readonly apply: AppliedObject<Spec, Status>
}

/** The languages in which a patch can be written. */
export type PatchType = keyof PatchBodies<unknown, unknown>

/** A part of `T`, in which `null` stands for what is to be removed. */
export type MergePatch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: MergePatch<T[Key]> | null }
    : T

/** A part of `T`, in which `null` stands for what is to be removed, and `$patch` for an item that is to go. */
export type KeyedMergePatch<T> = T extends readonly (infer Item)[]
  ? readonly (Item extends object ? KeyedMergePatch<Item> & { readonly $patch?: 'delete' } : Item)[]
  : T extends object
    ? { readonly [Key in keyof T]?: KeyedMergePatch<T[Key]> | null }
    : T

/** An object as far as somebody has an opinion about it. */
export interface AppliedObject<Spec, Status> {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMetaInput
  readonly spec?: DeepPartial<Spec>
  readonly status?: DeepPartial<Status>
}

/** A part of `T`, in which `null` stands for what is to be gone; items of lists too. */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly DeepPartial<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> | null }
    : T

/** How server-side apply goes about the fields of others. */
export interface ApplyOptions {
  /** Owns what it applies; 1 to 128 characters. */
  readonly fieldManager: string
  /** Takes fields from other managers where it would otherwise conflict with them. Default false. */
  readonly force?: boolean
  /** Managers whose fields become this one's beforehand; what of them is not applied goes. Default none. */
  readonly adopt?: readonly string[]
}

interface CommonPatchOptions extends ExpiryOptions {
  /** `status`: only the status is changed, whatever else the patch says. Default: everything but the status. */
  readonly subresource?: 'status'
  readonly preconditions?: Preconditions
}

/** How an object is patched. */
export type PatchOptions<Type extends PatchType = PatchType> = { readonly type: Type } & CommonPatchOptions &
  (Type extends 'apply' ? ApplyOptions : FieldOwner)
