import type { KeyRecord } from './key-table.js'

/** First in, first out over records that carry their own links: every operation is O(1), removal included. */
export class ReadyList<K> {
  #head: KeyRecord<K> | undefined
  #tail: KeyRecord<K> | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get head(): KeyRecord<K> | undefined {
    return this.#head
  }

  /** Appends a record that is not in the list. */
  push(record: KeyRecord<K>): void {
    record.inReadyList = true
    record.before = this.#tail
    if (this.#tail === undefined) this.#head = record
    else this.#tail.after = record
    this.#tail = record
    this.#length++
  }

  shift(): KeyRecord<K> | undefined {
    const record = this.#head
    if (record !== undefined) this.remove(record)
    return record
  }

  /** Takes a record out; nothing happens when it is not in the list. */
  remove(record: KeyRecord<K>): void {
    if (!record.inReadyList) return
    const { before, after } = record
    if (before === undefined) this.#head = after
    else before.after = after
    if (after === undefined) this.#tail = before
    else after.before = before
    record.inReadyList = false
    record.before = undefined
    record.after = undefined
    this.#length--
  }
}
