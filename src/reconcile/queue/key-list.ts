import type { KeyRecord } from './key-table.js'

/** First in, first out over records that carry their own links: every operation is O(1), removal included. */
export class KeyList<K> {
  #head: KeyRecord<K> | undefined
  #tail: KeyRecord<K> | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get head(): KeyRecord<K> | undefined {
    return this.#head
  }

  /** Appends a record that is in no list. */
  push(record: KeyRecord<K>): void {
    record.before = this.#tail
    if (this.#tail === undefined) this.#head = record
    else this.#tail.after = record
    this.#tail = record
    this.#length++
  }

  /** Takes out a record of this list. */
  remove(record: KeyRecord<K>): void {
    const { before, after } = record
    if (before === undefined) this.#head = after
    else before.after = after
    if (after === undefined) this.#tail = before
    else after.before = before
    record.before = undefined
    record.after = undefined
    this.#length--
  }

  *[Symbol.iterator](): IterableIterator<KeyRecord<K>> {
    for (let next = this.#head; next !== undefined; next = next.after) yield next
  }
}
