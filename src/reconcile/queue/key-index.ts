import { InvalidError } from '../../core/index.js'
import type { ObjectRef } from '../../store/index.js'
import type { KeyRecord } from './key-record.js'

/** Finds records by their keys. */
export interface KeyIndex<K> {
  find(key: K): KeyRecord<K> | undefined
  add(record: KeyRecord<K>): void
  remove(record: KeyRecord<K>): void
  values(): Iterable<KeyRecord<K>>
}

/** By a text; `values` are in the order in which they were added. */
export class TextIndex<K> implements KeyIndex<K> {
  readonly #idOf: (key: K) => string
  /** Whether a key that is a text stands for itself. */
  readonly #isText: boolean
  readonly #records = new Map<string, KeyRecord<K>>()

  constructor(idOf: (key: K) => string) {
    this.#idOf = idOf
    this.#isText = idOf === String
  }

  find(key: K): KeyRecord<K> | undefined {
    return this.#records.get(typeof key === 'string' && this.#isText ? key : this.#textOf(key))
  }

  add(record: KeyRecord<K>): void {
    this.#records.set(this.#textOf(record.key), record)
  }

  remove(record: KeyRecord<K>): void {
    this.#records.delete(this.#textOf(record.key))
  }

  values(): Iterable<KeyRecord<K>> {
    return this.#records.values()
  }

  /** @throws InvalidError when `idOf` gives no text */
  #textOf(key: K): string {
    const id: unknown = this.#idOf(key)
    if (typeof id === 'string') return id
    throw new InvalidError('key', [{ field: 'idOf(key)', value: id, message: 'must be a string' }])
  }
}

/** By namespace and name: to join them to one text, and to hash that, costs more than two look-ups. */
export class RefIndex implements KeyIndex<ObjectRef> {
  readonly #spaces = new Map<string, Map<string, KeyRecord<ObjectRef>>>()
  /** The namespace that was looked at last: keys come in groups of one. */
  #latest: { readonly namespace: string; readonly space: Map<string, KeyRecord<ObjectRef>> } | undefined

  find({ namespace = '', name }: ObjectRef): KeyRecord<ObjectRef> | undefined {
    return this.#spaceOf(namespace)?.get(name)
  }

  #spaceOf(namespace: string): Map<string, KeyRecord<ObjectRef>> | undefined {
    if (this.#latest?.namespace === namespace) return this.#latest.space
    const space = this.#spaces.get(namespace)
    if (space !== undefined) this.#latest = { namespace, space }
    return space
  }

  add(record: KeyRecord<ObjectRef>): void {
    const { namespace = '', name } = record.key
    const space = this.#spaces.get(namespace)
    if (space === undefined) this.#spaces.set(namespace, new Map([[name, record]]))
    else space.set(name, record)
  }

  remove({ key: { namespace = '', name } }: KeyRecord<ObjectRef>): void {
    const space = this.#spaces.get(namespace)
    if (space?.delete(name) !== true || space.size > 0) return
    this.#spaces.delete(namespace)
    if (this.#latest?.space === space) this.#latest = undefined
  }

  *values(): Iterable<KeyRecord<ObjectRef>> {
    for (const space of this.#spaces.values()) yield* space.values()
  }
}
