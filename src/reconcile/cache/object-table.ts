import { compareText } from '../../core/internal.js'
import type { IndexFunction, Kind, ListOptions, ObjectRef, StoredObject } from '../../store/index.js'
import type { HeldObject } from './held-object.js'
import type { IndexValue, ObjectIndex } from './object-index.js'
import { IndexTable } from './object-index.js'

/** The objects of one kind, by key and by the values of indexes. A change costs what it touches. */
export class ObjectTable {
  readonly kind: Kind
  /** By namespace and name: to join them to one text, and to hash that, costs more than two look-ups. */
  readonly #spaces = new Map<string, Map<string, HeldObject>>()
  readonly #indexes = new Map<ObjectIndex, IndexTable>()
  /** Those that the kind declares, each from its first use on: most caches are never asked by them. */
  readonly #declared = new Map<string, IndexTable>()
  /** In key order; undefined when an object came or went since it was made. */
  #order: readonly HeldObject[] | undefined = []
  #size = 0

  constructor(kind: Kind, indexes: readonly ObjectIndex[]) {
    this.kind = kind
    for (const index of indexes) this.#indexes.set(index, new IndexTable(object => index.values(object)))
  }

  get size(): number {
    return this.#size
  }

  find({ namespace = '', name }: ObjectRef): HeldObject | undefined {
    return this.#spaces.get(namespace)?.get(name)
  }

  /** Namespace by namespace; may be walked while objects come and go. */
  *values(): IterableIterator<HeldObject> {
    for (const space of this.#spaces.values()) yield* space.values()
  }

  /** Holds an object under a key that has none. */
  add(object: StoredObject, version: number): void {
    const { namespace = '', name } = object.metadata
    const held: HeldObject = { object, version }
    const space = this.#spaces.get(namespace)
    if (space === undefined) this.#spaces.set(namespace, new Map([[name, held]]))
    else space.set(name, held)
    this.#size++
    this.#order = undefined
    this.#reindex(held, undefined, object)
  }

  /** What is held becomes another state of it. */
  replace(held: HeldObject, object: StoredObject, version: number): void {
    const before = held.object
    held.object = object
    held.version = version
    this.#reindex(held, before, object)
  }

  remove(held: HeldObject): void {
    const { namespace = '', name } = held.object.metadata
    const space = this.#spaces.get(namespace)
    space?.delete(name)
    if (space?.size === 0) this.#spaces.delete(namespace)
    this.#size--
    this.#order = undefined
    this.#reindex(held, held.object, undefined)
  }

  #reindex(held: HeldObject, before: StoredObject | undefined, after: StoredObject | undefined): void {
    for (const index of this.#indexes.values()) index.change(held, before, after)
    for (const index of this.#declared.values()) index.change(held, before, after)
  }

  /**
   * In key order: all objects, or those under a value of an index that the kind declares. Ranges and values of several
   * parts are not looked up.
   */
  list(index?: ListOptions['index']): readonly StoredObject[] {
    const value = index?.value
    if (index !== undefined && (typeof value === 'string' || typeof value === 'number'))
      return inKeyOrder(this.#openDeclared(index.name).find(value))
    this.#order ??= [...this.values()].sort((a, b) => compareKeys(a.object, b.object))
    return this.#order.map(({ object }) => object)
  }

  #openDeclared(name: string): IndexTable {
    const known = this.#declared.get(name)
    if (known !== undefined) return known
    const { [name]: values } = this.kind.indexes
    const table = new IndexTable(object => singleValues(values?.(object)))
    for (const held of this.values()) table.change(held, undefined, held.object)
    this.#declared.set(name, table)
    return table
  }

  /** The objects under a value of one index, in key order; undefined when the index is not one of this table. */
  by(index: ObjectIndex, value: IndexValue): readonly StoredObject[] | undefined {
    const table = this.#indexes.get(index)
    return table === undefined ? undefined : inKeyOrder(table.find(value))
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
  return objects.sort(compareKeys)
}

function compareKeys(a: StoredObject, b: StoredObject): number {
  return (
    compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
    compareText(a.metadata.name, b.metadata.name)
  )
}
