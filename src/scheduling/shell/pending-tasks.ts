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

/**
 * Tasks in order, first in order first. Taking and adding cost the logarithm of how many there are. An entry never changes
 * its place by itself: what its order depends on is kept with it, and whoever changes that puts the task in again.
 */
export class PendingTasks {
  readonly #tasks = new Map<string, Entry>()
  /** A binary heap; entries that were replaced or deleted are passed over when they come up. */
  #heap: Entry[] = []
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
    this.#heap.push(entry)
    this.#up(this.#heap.length - 1)
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#tasks.size) this.#compact()
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
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || this.#tasks.get(first.key) === first) return first
      this.#pop()
    }
  }

  /** Takes the first out. */
  take(): Task | undefined {
    const first = this.first()
    if (first === undefined) return undefined
    this.#tasks.delete(first.key)
    this.#pop()
    return first.task
  }

  #compact(): void {
    this.#heap = [...this.#tasks.values()].sort((a, b) => this.#compare(a.task, b.task, a.rank, b.rank))
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
