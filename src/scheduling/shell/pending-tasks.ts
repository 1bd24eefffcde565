import type { Task } from '../../api/index.js'

interface Entry {
  readonly key: string
  readonly task: Task
}

/** The tasks that are to be tried, first in order first. Taking and adding cost the logarithm of how many there are. */
export class PendingTasks {
  readonly #tasks = new Map<string, Entry>()
  /** A binary heap; entries that were replaced or deleted are passed over when they come up. */
  #heap: Entry[] = []
  readonly #compare: (a: Task, b: Task) => number

  constructor(compare: (a: Task, b: Task) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#tasks.size
  }

  set(key: string, task: Task): void {
    if (this.#tasks.get(key)?.task === task) return
    const entry = { key, task }
    this.#tasks.set(key, entry)
    this.#heap.push(entry)
    this.#up(this.#heap.length - 1)
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#tasks.size) this.#compact()
  }

  delete(key: string): void {
    this.#tasks.delete(key)
  }

  clear(): void {
    this.#tasks.clear()
    this.#heap = []
  }

  /** The first, left inside. */
  peek(): Task | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || this.#tasks.get(first.key) === first) return first?.task
      this.#pop()
    }
  }

  /** Takes the first out. */
  take(): Task | undefined {
    const first = this.peek()
    if (first === undefined) return undefined
    this.#tasks.delete((this.#heap[0] as Entry).key)
    this.#pop()
    return first
  }

  #compact(): void {
    const entries = [...this.#tasks.values()].sort((a, b) => this.#compare(a.task, b.task))
    this.#heap = entries
  }

  #pop(): void {
    const last = this.#heap.pop() as Entry
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down()
  }

  #isBefore(a: number, b: number): boolean {
    return this.#compare((this.#heap[a] as Entry).task, (this.#heap[b] as Entry).task) < 0
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
