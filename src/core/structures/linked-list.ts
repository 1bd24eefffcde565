/** What stands in a list. */
export interface Linked<T> {
  before: T | undefined
  after: T | undefined
}

/** First in, first out over things that carry their own links: every operation is O(1), removal included. */
export class LinkedList<T extends Linked<T>> {
  #head: T | undefined
  #tail: T | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get head(): T | undefined {
    return this.#head
  }

  /** Appends what is in no list. */
  push(item: T): void {
    item.before = this.#tail
    if (this.#tail === undefined) this.#head = item
    else this.#tail.after = item
    this.#tail = item
    this.#length++
  }

  /** Takes out what is in this list. */
  remove(item: T): void {
    const { before, after } = item
    if (before === undefined) this.#head = after
    else before.after = after
    if (after === undefined) this.#tail = before
    else after.before = before
    item.before = undefined
    item.after = undefined
    this.#length--
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let next = this.#head; next !== undefined; next = next.after) yield next
  }
}
