import type { Kind, StoredObject } from '../../store/index.js'
import type { HeldObject } from './held-object.js'

/** What an object is found under. */
export type IndexValue = string | number

/** A way to find objects of one kind in a cache; the handle is what is asked with. */
export interface ObjectIndex<Spec = unknown, Status = unknown> {
  readonly kind: Kind<Spec, Status>
  values(object: StoredObject<Spec, Status>): IndexValue | readonly IndexValue[] | undefined
}

/**
 * Declares an index of a cache.
 *
 * @param values pure; one value, several, or undefined for an object that is not in the index. A value given
 * twice counts once. An object for which it throws, or gives anything else, is left out of the index.
 */
export function defineIndex<Spec, Status>(
  kind: Kind<Spec, Status>,
  values: ObjectIndex<Spec, Status>['values'],
): ObjectIndex<Spec, Status> {
  return Object.freeze({ kind, values })
}

/** The objects under each value of one index. */
export class IndexTable {
  readonly #values: ObjectIndex['values']
  readonly #byValue = new Map<IndexValue, Set<HeldObject>>()

  constructor(values: ObjectIndex['values']) {
    this.#values = values
  }

  /** What is found under `value`, in no particular order. */
  find(value: IndexValue): StoredObject[] {
    return Array.from(this.#byValue.get(value) ?? [], ({ object }) => object)
  }

  /** What is held was `before` and is `after` now. */
  change(held: HeldObject, before: StoredObject | undefined, after: StoredObject | undefined): void {
    const left = before === undefined ? [] : this.#valuesOf(before)
    const joined = after === undefined ? [] : this.#valuesOf(after)
    for (const value of left) if (!joined.includes(value)) this.#leave(held, value)
    for (const value of joined) if (!left.includes(value)) this.#join(held, value)
  }

  #leave(held: HeldObject, value: IndexValue): void {
    const found = this.#byValue.get(value)
    found?.delete(held)
    if (found?.size === 0) this.#byValue.delete(value)
  }

  #join(held: HeldObject, value: IndexValue): void {
    const found = this.#byValue.get(value)
    if (found === undefined) this.#byValue.set(value, new Set([held]))
    else found.add(held)
  }

  #valuesOf(object: StoredObject): readonly IndexValue[] {
    let found: unknown
    try {
      found = this.#values(object)
    } catch {
      return []
    }
    const list: readonly unknown[] = Array.isArray(found) ? found : [found]
    return list.every(isIndexValue) ? list : list.filter(isIndexValue)
  }
}

function isIndexValue(value: unknown): value is IndexValue {
  return typeof value === 'string' || typeof value === 'number'
}
