import type { Cancel, Clock } from '../../core/index.js'
import type { HeapHandle } from '../../core/internal.js'
import { heapHandle, IndexedHeap } from '../../core/internal.js'

interface Deadline extends HeapHandle {
  readonly run: () => void
}

/** Things to be done at certain times, over one timer of a clock, or by hand when there is no timer. */
export class Deadlines {
  readonly #clock: Clock
  readonly #onDue: (() => void) | undefined
  readonly #heap: IndexedHeap<Deadline> = new IndexedHeap()
  #isClosed = false
  #armedAt: number | undefined
  #disarm: Cancel | undefined

  /** @param onDue called when something is due, and has to call `runDue`; undefined: nobody is called */
  constructor(clock: Clock, onDue: (() => void) | undefined) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** The earliest time at which something is due. */
  get nextMs(): number | undefined {
    return this.#heap.peek()?.at
  }

  at(atMs: number, run: () => void): Cancel {
    if (this.#isClosed) return () => {}
    const { at, sequence, slot } = heapHandle()
    const deadline: Deadline = { at, sequence, slot, run }
    this.#heap.push(deadline, atMs)
    this.#arm()
    return () => {
      this.#heap.remove(deadline)
    }
  }

  /** Does what is due by now. What one of them throws is thrown, and the others come soon after. */
  runDue(): void {
    const nowMs = this.#clock.now()
    try {
      for (let next = this.#heap.peek(); next !== undefined && next.at <= nowMs; next = this.#heap.peek()) {
        this.#heap.remove(next)
        next.run()
      }
    } finally {
      this.#arm()
    }
  }

  /** Forgets everything, also what is asked for later. */
  close(): void {
    this.#isClosed = true
    this.#heap.clear()
    this.#disarm?.()
  }

  #arm(): void {
    const next = this.#heap.peek()?.at
    const onDue = this.#onDue
    if (onDue === undefined || next === undefined) return
    if (this.#armedAt !== undefined && this.#armedAt <= next) return
    this.#disarm?.()
    this.#armedAt = next
    this.#disarm = this.#clock.after(Math.max(0, next - this.#clock.now()), () => {
      this.#armedAt = undefined
      try {
        onDue()
      } finally {
        this.#arm()
      }
    })
  }
}
