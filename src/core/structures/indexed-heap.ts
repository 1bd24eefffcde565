import { InvalidError, UsageError } from '../errors.js'

/** What an item must carry to live in an {@link IndexedHeap}. The heap owns all three fields. */
export interface HeapHandle {
  /** Sort key. Change it only through `update`. */
  at: number
  /** Breaks ties between equal keys: the order of insertion, unless the inserter says otherwise. */
  sequence: number
  /** Position in the heap, or -1 when the item is in none. */
  slot: number
}

/** The fields of a handle that is in no heap yet; spread it into an item. */
export function heapHandle(): HeapHandle {
  return { at: 0, sequence: 0, slot: -1 }
}

/**
 * A 4-ary min-heap ordered by `at`, then by insertion. Items remember their own position, so changing or
 * removing any item is O(log n) without a lookup table. An item may be in one heap at a time.
 */
export class IndexedHeap<T extends HeapHandle> {
  readonly #items: T[] = []
  #nextSequence = 0

  get size(): number {
    return this.#items.length
  }

  /** The sequence that the next pushed item will get; all items now inside have a smaller one. */
  get nextSequence(): number {
    return this.#nextSequence
  }

  has(item: T): boolean {
    return item.slot >= 0 && this.#items[item.slot] === item
  }

  /** The smallest item, left inside. */
  peek(): T | undefined {
    return this.#items[0]
  }

  /**
   * Adds an item; it comes after the items that have an equal key.
   *
   * @param sequence its place among items of an equal key, when it is not the order of insertion
   * @throws UsageError when the item is in a heap already
   * @throws InvalidError when `at` is NaN
   */
  push(item: T, at: number, sequence: number = this.#nextSequence++): void {
    if (item.slot !== -1) throw new UsageError('the item is in a heap already; use update() to move it')
    assertKey(at)
    item.at = at
    item.sequence = sequence
    this.#items.push(item)
    this.#up(item, this.#items.length - 1)
  }

  /** Takes the smallest item out. */
  pop(): T | undefined {
    const top = this.#items[0]
    if (top !== undefined) this.#take(0)
    return top
  }

  /**
   * Gives an item a new key. Among equal keys it keeps the rank of its first insertion.
   *
   * @returns false, changing nothing, when the item is not in this heap
   * @throws InvalidError when `at` is NaN
   */
  update(item: T, at: number): boolean {
    assertKey(at)
    if (!this.has(item)) return false
    const before = item.at
    item.at = at
    if (at < before) this.#up(item, item.slot)
    else if (at > before) this.#down(item, item.slot)
    return true
  }

  /** Takes any item out. False when it is not in this heap. */
  remove(item: T): boolean {
    if (!this.has(item)) return false
    this.#take(item.slot)
    return true
  }

  clear(): void {
    for (const item of this.#items) item.slot = -1
    this.#items.length = 0
  }

  /** All items in no useful order; do not change the heap meanwhile. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#items.values()
  }

  #take(slot: number): void {
    const items = this.#items
    const gone = items[slot] as T
    const last = items.pop() as T
    gone.slot = -1
    if (last === gone) return
    if (before(last, gone)) this.#up(last, slot)
    else this.#down(last, slot)
  }

  #up(item: T, from: number): void {
    const items = this.#items
    let slot = from
    while (slot > 0) {
      const above = (slot - 1) >> 2
      const parent = items[above] as T
      if (!before(item, parent)) break
      items[slot] = parent
      parent.slot = slot
      slot = above
    }
    items[slot] = item
    item.slot = slot
  }

  #down(item: T, from: number): void {
    const items = this.#items
    const size = items.length
    let slot = from
    for (;;) {
      const first = slot * 4 + 1
      if (first >= size) break
      const end = Math.min(first + 4, size)
      let least = first
      let child = items[first] as T
      for (let next = first + 1; next < end; next++) {
        const sibling = items[next] as T
        if (before(sibling, child)) {
          least = next
          child = sibling
        }
      }
      if (!before(child, item)) break
      items[slot] = child
      child.slot = slot
      slot = least
    }
    items[slot] = item
    item.slot = slot
  }
}

function before(a: HeapHandle, b: HeapHandle): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}

function assertKey(at: number): void {
  if (Number.isNaN(at))
    throw new InvalidError('heap key', [{ field: 'at', value: at, message: 'must be a number' }])
}
