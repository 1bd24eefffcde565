import { compareText } from '../../core/internal.js'
import type { IndexFunction, Kind, ListOptions, StoredObject } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { IndexValue, ObjectIndex } from './object-index.js'
import { IndexTable } from './object-index.js'

/** The objects of one kind, by key and by the values of indexes. A change costs what it touches. */
export class ObjectTable {
  readonly kind: Kind
  readonly #objects = new Map<string, StoredObject>()
  readonly #indexes = new Map<ObjectIndex, IndexTable>()
  /** Those that the kind declares, each from its first use on: most caches are never asked by them. */
  readonly #declared = new Map<string, IndexTable>()
  /** The objects' ids in key order; undefined when an object came or went since it was made. */
  #order: readonly string[] | undefined = []

  constructor(kind: Kind, indexes: readonly ObjectIndex[]) {
    this.kind = kind
    for (const index of indexes) this.#indexes.set(index, new IndexTable(object => index.values(object)))
  }

  get size(): number {
    return this.#objects.size
  }

  get(id: string): StoredObject | undefined {
    return this.#objects.get(id)
  }

  /** Ids in the order in which they came; may be walked while objects come and go. */
  ids(): IterableIterator<string> {
    return this.#objects.keys()
  }

  /** Replaces what is known under `id`; undefined removes it. */
  set(id: string, after: StoredObject | undefined): void {
    const before = this.#objects.get(id)
    if (after === undefined) this.#objects.delete(id)
    else this.#objects.set(id, after)
    if ((before === undefined) !== (after === undefined)) this.#order = undefined
    for (const index of this.#indexes.values()) index.change(id, before, after)
    for (const index of this.#declared.values()) index.change(id, before, after)
  }

  /**
   * In key order: all objects, or those under a value of an index that the kind declares. Ranges and values of several
   * parts are not looked up.
   */
  list(index?: ListOptions['index']): readonly StoredObject[] {
    const value = index?.value
    if (index !== undefined && (typeof value === 'string' || typeof value === 'number'))
      return inKeyOrder([...this.#openDeclared(index.name).find(value)])
    this.#order ??= inKeyOrder([...this.#objects.values()]).map(object => refText(object.metadata))
    return this.#order.flatMap(id => this.#objects.get(id) ?? [])
  }

  #openDeclared(name: string): IndexTable {
    const known = this.#declared.get(name)
    if (known !== undefined) return known
    const { [name]: values } = this.kind.indexes
    const table = new IndexTable(object => singleValues(values?.(object)))
    for (const [id, object] of this.#objects) table.change(id, undefined, object)
    this.#declared.set(name, table)
    return table
  }

  /** The objects under a value of one index, in key order; undefined when the index is not one of this table. */
  by(index: ObjectIndex, value: IndexValue): readonly StoredObject[] | undefined {
    const table = this.#indexes.get(index)
    return table === undefined ? undefined : inKeyOrder([...table.find(value)])
  }
}

/** A list of one part is that part. */
function singleValues(found: ReturnType<IndexFunction<unknown, unknown>>): readonly IndexValue[] {
  if (found === undefined) return []
  if (typeof found !== 'object') return [found]
  return found.flatMap(value => (typeof value !== 'object' ? [value] : value.length === 1 ? value : []))
}

/** Sorts by namespace, then name. */
export function inKeyOrder(objects: StoredObject[]): StoredObject[] {
  return objects.sort(
    (a, b) =>
      compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
      compareText(a.metadata.name, b.metadata.name),
  )
}
