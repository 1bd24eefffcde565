import type { Kind } from '../kind/kind.js'
import type { ExpiryOptions } from '../lifetime/lifetimes.js'
import type { PropagationPolicy } from '../object/finalizer-list.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'
import type { CommitListener } from './commit-listener.js'

/** Conditions that the stored object must meet; else `ConflictError`. */
export interface Preconditions {
  readonly uid?: string
  /**
   * What the write replaces must be as it was at this resourceVersion: metadata and spec for `modify` and `update`, the
   * status for `modifyStatus` and `updateStatus`, the whole object for `delete` and for a guard.
   */
  readonly resourceVersion?: string
  /**
   * Fields that the object must have, in the grammar of a list's `fieldSelector`: `status.phase=Pending` or
   * `spec.replicas<3,spec.paused=`. Judged on the object as it is at the commit.
   */
  readonly fieldSelector?: string
}

/** Another object that must be as the guard says when the write commits; else `ConflictError` that names it. */
export interface Guard extends Preconditions {
  readonly kind: Kind
  readonly ref: ObjectRef
  /** Whether it must be there. Default true; `false` goes without other conditions. */
  readonly exists?: boolean
}

/** Who writes, for objects whose fields have owners. */
export interface FieldOwner {
  /** Owns what the write changes; 1 to 128 characters. Default `unknown`. */
  readonly fieldManager?: string | undefined
}

/** What every write can be told besides its object. */
export interface WriteOptions extends WriteCause, FieldOwner, CommitListener {
  /** Makes every check and answers as if the write had happened, but changes nothing. Default false. */
  readonly dryRun?: boolean
  /**
   * Other objects that must be as expected in the very commit; a fence for one write. At most 100. Default none. A
   * transaction reads them itself.
   */
  readonly guards?: readonly Guard[]
}

/** How `update` treats what it was given. */
export interface UpdateOptions extends FieldOwner, ExpiryOptions {
  /** Allows an object with no `resourceVersion` to replace whatever is stored. Default false. */
  readonly unconditional?: boolean
  /** Besides what `metadata.resourceVersion` and `metadata.uid` of the object say. */
  readonly preconditions?: Preconditions
}

/** How an object is modified. */
export interface ModifyOptions extends FieldOwner, ExpiryOptions {
  readonly preconditions?: Preconditions
}

/** How an object is deleted. */
export interface DeleteOptions {
  readonly preconditions?: Preconditions
  /**
   * For a kind with grace periods: how long the object may stay, whole seconds; 0 removes it at once, a negative
   * one means 1. Default: that of the kind. Other kinds have none, whatever is given.
   */
  readonly gracePeriodSeconds?: number
  /**
   * `Foreground` and `Orphan` hold the object with the finalizer `foregroundDeletion` or `orphan`, which a garbage
   * collector takes away once the dependents are gone or cut loose. `Background` takes both away. Default: as the
   * finalizers of the object say.
   */
  readonly propagationPolicy?: PropagationPolicy
  /**
   * `atomic`: every object that has no other owner goes in the same commit, and so on down the tree. Default: the
   * dependents are left to a garbage collector.
   */
  readonly cascade?: 'atomic'
}

/**
 * Changes a mutable draft in place, synchronously; what it returns is ignored. A method type, so that a write of a
 * `Kind<Spec, Status>` fits where any write is handed on.
 */
export type Recipe<Spec, Status> = {
  change(draft: Draft<StoredObject<Spec, Status>>): void
}['change']

/** Deeply mutable view of a readonly JSON type. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? Draft<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Draft<T[Key]> }
    : T
