import type { Cancel, Clock } from '../../core/index.js'
import { IndexedHeap } from '../../core/internal.js'
import type { KeyRecord } from './key-record.js'

/** What a delay heap needs from outside. */
export interface DelayHeapOptions<K> {
  readonly clock: Clock
  /** Called for each record when it is due, earliest first; the record is out of the heap by then. */
  readonly due: (record: KeyRecord<K>) => void
}

/** Records that wait for a time. One timer is armed, for the earliest; it is moved only when the earliest changes. */
export class DelayHeap<K> {
  readonly #heap = new IndexedHeap<KeyRecord<K>>()
  readonly #clock: Clock
  readonly #due: (record: KeyRecord<K>) => void
  #armed: { readonly at: number; readonly cancel: Cancel } | undefined

  constructor(options: DelayHeapOptions<K>) {
    this.#clock = options.clock
    this.#due = options.due
  }

  get size(): number {
    return this.#heap.size
  }

  /** Monotonic due time of the earliest record. */
  get nextAtMs(): number | undefined {
    return this.#heap.peek()?.at
  }

  /** Waits until `ms` from now; false when the record waits already, for that time or an earlier one. */
  waitAtMost(record: KeyRecord<K>, ms: number): boolean {
    const at = this.#clock.monotonic() + ms
    if (record.slot === -1) this.#heap.push(record, at)
    else if (at < record.at) this.#heap.update(record, at)
    else return false
    this.#arm()
    return true
  }

  remove(record: KeyRecord<K>): boolean {
    const removed = this.#heap.remove(record)
    if (removed) this.#arm()
    return removed
  }

  /** Takes everything out and hands it back, earliest first. */
  clear(): readonly KeyRecord<K>[] {
    const taken: KeyRecord<K>[] = []
    for (let next = this.#heap.pop(); next !== undefined; next = this.#heap.pop()) taken.push(next)
    this.#arm()
    return taken
  }

  #arm(): void {
    const at = this.#heap.peek()?.at
    if (at === this.#armed?.at) return
    this.#armed?.cancel()
    this.#armed =
      at === undefined
        ? undefined
        : { at, cancel: this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => this.#fire()) }
  }

  #fire(): void {
    this.#armed = undefined
    const now = this.#clock.monotonic()
    try {
      for (let next = this.#heap.peek(); next !== undefined && next.at <= now; next = this.#heap.peek()) {
        this.#heap.pop()
        this.#due(next)
      }
    } finally {
      // Whatever became of one, the others must not wait for ever.
      this.#arm()
    }
  }
}
