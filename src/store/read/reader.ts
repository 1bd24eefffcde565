import type { LabelSelector, LabelSelectorObject } from '../../core/index.js'
import type { Kind } from '../kind/kind.js'
import type { IndexedValue } from '../object/indexed-value.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import type { IndexQuery } from './index-query.js'

/** A range of names. */
export interface NameRange {
  readonly prefix?: string
  readonly from?: string
  readonly to?: string
}

/** Narrows a list. All conditions must hold. */
export interface ListOptions {
  /** Default: every namespace. */
  readonly namespace?: string
  /** Kubernetes grammar (`app=web,tier in (a,b)`), its object form, or a parsed selector. */
  readonly labelSelector?: LabelSelectorInput
  /**
   * `metadata.name`, `metadata.namespace` and any `spec.`/`status.` path: `spec.nodeName=n1`, `spec.zone in (a,b)`,
   * `spec.zone notin (c)`, `spec.replicas>=3`. Numbers are compared with `>`, `<`, `>=` and `<=`.
   */
  readonly fieldSelector?: string
  /** Names from `from` on and before `to` that begin with `prefix`, as far as these are given. */
  readonly names?: NameRange
  /**
   * Objects that the declared index lists under this value, or under values of this range. A list by range is in the
   * order of values, then of keys; an object with several such values is in it once, at the first.
   */
  readonly index?: IndexQuery
  /** Uid: objects with an owner reference to it; found as through an index. Not together with `index`. */
  readonly owner?: string
  /** The last comes first. Default false. */
  readonly reverse?: boolean
  /** How many items at most, ≥ 1; `continue` of the list leads to the others. Default: all. */
  readonly limit?: number
  /**
   * From the page before, whose other conditions must be the same: the next items, of the same revision.
   * @throws BadRequestError for a token of another query or store; ExpiredError when its revision is no longer
   * kept, with a token in `details.continue` that goes on from the newest revision
   */
  readonly continue?: string
}

/** A list that says how new it must be. */
export interface ReadOptions extends ListOptions {
  /** Default: the newest. */
  readonly resourceVersion?: number | string
  /**
   * `NotOlderThan`, the default: the newest, if `resourceVersion` has happened. `Exact`: as it was then.
   * @throws FutureRevisionError, and with `Exact` ExpiredError when the store no longer keeps it
   */
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

/** Objects in key order (namespace, then name), or in that of an index; all as of one revision. */
export interface ObjectList<T> {
  readonly revision: number
  readonly items: readonly T[]
  /** Leads to the next page; absent on the last. */
  readonly continue?: string
  /** How many items come after this page; absent where a selector or an index narrows the list. */
  readonly remainingItemCount?: number
}

/** Synchronous reads of one consistent revision. */
export interface Reader {
  /** The last revision that this reader has seen. */
  readonly revision: number
  /** The object of this namespace and name, deeply frozen; undefined when there is none. */
  get<Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef): StoredObject<Spec, Status> | undefined
  /**
   * The objects of a kind that `options` select, all as of one revision: every namespace and every object by default,
   * in key order. To follow what changes after it, watch with `since: list.revision`.
   */
  list<Spec, Status>(kind: Kind<Spec, Status>, options?: ListOptions): ObjectList<StoredObject<Spec, Status>>
  /**
   * How many objects a list would have in all its pages, whatever `limit` and `continue` say; without a look at them
   * where an index tells.
   */
  count<Spec, Status>(kind: Kind<Spec, Status>, options?: ListOptions): number
  /**
   * How many objects there are under each value of a label or of a declared index, in the order of the values. Objects
   * without a value are in no group; one with several values of an index is in several. `limit` and `continue` do not count.
   *
   * A store answers for all objects of a kind, as they are now, from its indexes: it costs the values and not the objects.
   * Every other answer costs its list.
   *
   * @throws BadRequestError for an index that the kind does not declare
   */
  countBy<Spec, Status>(kind: Kind<Spec, Status>, by: GroupBy, options?: ListOptions): readonly GroupCount[]
}

/** What groups are made by: the values of a label, or those of a declared index. */
export type GroupBy =
  | { readonly label: string; readonly index?: undefined }
  | { readonly index: string; readonly label?: undefined }

/** How many objects have a value. */
export interface GroupCount {
  readonly value: IndexedValue
  readonly count: number
}

/** Kubernetes' text grammar (`app=web,tier in (a,b)`), its object form, or a compiled selector. */
export type LabelSelectorInput = string | LabelSelector | LabelSelectorObject
