import type { Task } from '../../api/index.js'

/** What the order of a task depends on beside the task itself, as it was when the task was put in. */
export interface TaskRank {
  /** Whether its gang runs with fewer members than it needs. */
  readonly isBelowMinimum: boolean
}

interface Entry {
  readonly key: string
  readonly task: Task
  readonly rank: TaskRank
}

/** Below 0 when the first is to be placed before the second. */
export type CompareRanked = (a: Task, b: Task, rankOfA: TaskRank, rankOfB: TaskRank) => number

/** So few that came since are not worth sorting all. */
const HEAP_MIN = 64

/**
 * Tasks in order, first in order first. Taking and adding cost the logarithm of how many there are. An entry never changes
 * its place by itself: what its order depends on is kept with it, and whoever changes that puts the task in again.
 *
 * Many that come at once are sorted, which takes half the comparisons of a heap; those that come later wait in a heap
 * beside them. Entries that were replaced or deleted are passed over when they come up.
 */
export class PendingTasks {
  readonly #tasks = new Map<string, Entry>()
  /** In order, the first last. */
  #sorted: Entry[] = []
  /** A binary heap. */
  readonly #heap: Entry[] = []
  /** Came since somebody asked for the first. */
  #added: Entry[] = []
  readonly #compare: CompareRanked

  constructor(compare: CompareRanked) {
    this.#compare = compare
  }

  get size(): number {
    return this.#tasks.size
  }

  has(key: string): boolean {
    return this.#tasks.has(key)
  }

  set(key: string, task: Task, rank: TaskRank): void {
    const known = this.#tasks.get(key)
    if (known?.task === task && known.rank.isBelowMinimum === rank.isBelowMinimum) return
    const entry = { key, task, rank }
    this.#tasks.set(key, entry)
    this.#added.push(entry)
    if (this.#added.length > HEAP_MIN && this.#added.length > 2 * this.#tasks.size) this.#sort()
  }

  /** Puts a task that is inside in again, by another rank. */
  rerank(key: string, rank: TaskRank): void {
    const known = this.#tasks.get(key)
    if (known !== undefined) this.set(key, known.task, rank)
  }

  delete(key: string): void {
    this.#tasks.delete(key)
  }

  /** The first, left inside. */
  peek(): Task | undefined {
    return this.first()?.task
  }

  /** The first with its rank, left inside. */
  first(): { readonly key: string; readonly task: Task; readonly rank: TaskRank } | undefined {
    this.#putInOrder()
    for (;;) {
      const isOfHeap = this.#isHeapFirst()
      const first = isOfHeap ? this.#heap[0] : this.#sorted.at(-1)
      if (first === undefined || this.#tasks.get(first.key) === first) return first
      if (isOfHeap) this.#pop()
      else this.#sorted.pop()
    }
  }

  /** Takes the first out. */
  take(): Task | undefined {
    const first = this.first()
    if (first === undefined) return undefined
    this.#tasks.delete(first.key)
    return first.task
  }

  #putInOrder(): void {
    if (this.#added.length === 0) return
    const laterCount = this.#heap.length + this.#added.length
    if (laterCount > HEAP_MIN && laterCount > this.#sorted.length) return this.#sort()
    for (const entry of this.#added) {
      this.#heap.push(entry)
      this.#up(this.#heap.length - 1)
    }
    this.#added = []
  }

  #sort(): void {
    this.#sorted = [...this.#tasks.values()].sort((a, b) => this.#compare(b.task, a.task, b.rank, a.rank))
    this.#heap.length = 0
    this.#added = []
  }

  /** Whether the first of the heap comes before the first of those that are sorted. */
  #isHeapFirst(): boolean {
    const [one, other] = [this.#heap[0], this.#sorted.at(-1)]
    if (one === undefined || other === undefined) return one !== undefined
    return this.#compare(one.task, other.task, one.rank, other.rank) < 0
  }

  #pop(): void {
    const last = this.#heap.pop() as Entry
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down()
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a] as Entry, this.#heap[b] as Entry]
    return this.#compare(one.task, other.task, one.rank, other.rank) < 0
  }

  #swap(a: number, b: number): void {
    const one = this.#heap[a] as Entry
    this.#heap[a] = this.#heap[b] as Entry
    this.#heap[b] = one
  }

  #up(from: number): void {
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  #down(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      if (left >= this.#heap.length) return
      const right = left + 1
      const least = right < this.#heap.length && this.#isBefore(right, left) ? right : left
      if (!this.#isBefore(least, at)) return
      this.#swap(at, least)
      at = least
    }
  }
}
