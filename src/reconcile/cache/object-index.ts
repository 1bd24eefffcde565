import type { Kind, StoredObject } from '../../store/index.js'

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
  readonly #byValue = new Map<IndexValue, Map<string, StoredObject>>()

  constructor(values: ObjectIndex['values']) {
    this.#values = values
  }

  /** What is found under `value`, in no particular order. */
  find(value: IndexValue): Iterable<StoredObject> {
    return this.#byValue.get(value)?.values() ?? []
  }

  /** `before` is replaced by `after`; both belong to the key `id`. */
  change(id: string, before: StoredObject | undefined, after: StoredObject | undefined): void {
    const left = before === undefined ? [] : this.#valuesOf(before)
    const joined = after === undefined ? [] : this.#valuesOf(after)
    for (const value of left) {
      if (joined.includes(value)) continue
      const objects = this.#byValue.get(value)
      objects?.delete(id)
      if (objects?.size === 0) this.#byValue.delete(value)
    }
    if (after === undefined) return
    for (const value of joined) {
      const objects = this.#byValue.get(value)
      if (objects === undefined) this.#byValue.set(value, new Map([[id, after]]))
      else objects.set(id, after)
    }
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
