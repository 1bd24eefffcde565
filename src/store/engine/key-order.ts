import type { TermRange } from './term-range.js'

/** Splitting beyond this keeps one insert at a few dozen moves, however many keys there are. */
const CHUNK_MAX = 128

/** Something with a name; names are ASCII, so `<` is the order of their bytes. */
interface Named {
  readonly name: string
}

/**
 * Names in order: a sorted list of sorted chunks. Insert and remove cost O(log n + chunk); walking never sorts.
 */
export class KeyOrder<T extends Named> {
  readonly #chunks: T[][] = []
  #count = 0

  get size(): number {
    return this.#count
  }

  /** The items in their order, in lists of some length. They are those of the order itself, so for reading at once. */
  get chunks(): readonly (readonly T[])[] {
    return this.#chunks
  }

  /** Adds an item whose name is not present. */
  insert(item: T): void {
    this.#count++
    if (this.#chunks.length === 0) {
      this.#chunks.push([item])
      return
    }
    const at = this.#chunkFor(item.name)
    const chunk = this.#chunks[at] as T[]
    chunk.splice(lowerBound(chunk, item.name), 0, item)
    if (chunk.length > CHUNK_MAX)
      this.#chunks.splice(at + 1, 0, chunk.splice(splitPoint(at, this.#chunks.length)))
  }

  /** Removes the item of that name; nothing happens when there is none. */
  remove(name: string): void {
    const at = this.#chunkFor(name)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return
    const index = lowerBound(chunk, name)
    if (chunk[index]?.name !== name) return
    this.#count--
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
    else this.#mergeAt(at)
  }

  /** Calls `visit` with every item in order. `visit` must not change the order. */
  forEach(visit: (item: T) => void): void {
    for (const chunk of this.#chunks) for (const item of chunk) visit(item)
  }

  /** Calls `visit` with each item of the range in order, until it says false. */
  walk({ low, high }: TermRange, visit: (item: T) => boolean): void {
    let at = this.#chunkFor(low)
    let index = lowerBound(this.#chunks[at] ?? [], low)
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at] as T[]
      for (; index < chunk.length; index++) {
        const item = chunk[index] as T
        if ((high !== undefined && item.name >= high) || !visit(item)) return
      }
    }
  }

  /** The same from the last item of the range to the first. */
  walkBack({ low, high }: TermRange, visit: (item: T) => boolean): void {
    let at = high === undefined ? this.#chunks.length - 1 : this.#chunkFor(high)
    let chunk = this.#chunks[at]
    if (chunk === undefined) return
    let index = high === undefined ? chunk.length : lowerBound(chunk, high)
    for (;;) {
      while (--index >= 0) {
        const item = chunk[index] as T
        if (item.name < low || !visit(item)) return
      }
      chunk = this.#chunks[--at]
      if (chunk === undefined) return
      index = chunk.length
    }
  }

  /** The last chunk whose first name is not after `name`, or the first chunk. */
  #chunkFor(name: string): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (((this.#chunks[middle] as T[])[0] as T).name <= name) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Joins a small chunk to the next, so that deletes do not leave a long list of tiny chunks. */
  #mergeAt(at: number): void {
    const chunk = this.#chunks[at] as T[]
    const next = this.#chunks[at + 1]
    if (next === undefined || chunk.length + next.length > CHUNK_MAX / 4) return
    chunk.push(...next)
    this.#chunks.splice(at + 1, 1)
  }
}

/** Names often arrive in order: at the end a full chunk stays full, elsewhere it is halved. */
function splitPoint(at: number, chunks: number): number {
  return at === chunks - 1 ? CHUNK_MAX : CHUNK_MAX / 2
}

function lowerBound(items: readonly Named[], name: string): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((items[middle] as Named).name < name) low = middle + 1
    else high = middle
  }
  return low
}
