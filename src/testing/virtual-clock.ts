import { type Cancel, type EnvPorts, type HeapHandle, heapHandle, IndexedHeap } from '../core/index.js'
import type { PendingWork } from './pending-work.js'

interface VirtualTimer extends HeapHandle {
  readonly fn: () => void
  readonly process: string
}

/** Time that stands still until it is told to move. */
export interface VirtualClock {
  /** Virtual milliseconds since the start. */
  readonly elapsedMs: number
  /** Epoch milliseconds: the start plus what has elapsed. */
  nowMs(): number
  /** The clock port of one process. */
  portFor(process: string): EnvPorts['clock']
  /** When the earliest timer is due, in elapsed milliseconds. Undefined when none is armed. */
  nextAtMs(): number | undefined
  /** Moves time forward; never backward, and never over a timer that is due. */
  moveTo(elapsedMs: number): void
  /** Runs the earliest timer if it is due at this instant. */
  fireNext(): boolean
  /** Armed timers in the order in which they will fire; `atMs` is wall time. */
  pending(): readonly PendingWork[]
}

/** A clock at `startMs`, epoch milliseconds. Timers due at one instant fire in the order of arming. */
export function createVirtualClock(startMs: number): VirtualClock {
  return new HeapClock(startMs)
}

class HeapClock implements VirtualClock {
  readonly #startMs: number
  readonly #timers = new IndexedHeap<VirtualTimer>()
  #elapsedMs = 0

  constructor(startMs: number) {
    this.#startMs = startMs
  }

  get elapsedMs(): number {
    return this.#elapsedMs
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs
  }

  portFor(process: string): EnvPorts['clock'] {
    return {
      now: () => this.nowMs(),
      monotonic: () => this.#elapsedMs,
      after: (ms, fn) => this.#arm(process, ms, fn),
    }
  }

  nextAtMs(): number | undefined {
    return this.#timers.peek()?.at
  }

  moveTo(target: number): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, Math.min(target, this.#timers.peek()?.at ?? target))
  }

  fireNext(): boolean {
    const next = this.#timers.peek()
    if (next === undefined || next.at > this.#elapsedMs) return false
    this.#timers.remove(next)
    next.fn()
    return true
  }

  pending(): readonly PendingWork[] {
    return [...this.#timers]
      .sort((a, b) => a.at - b.at || a.sequence - b.sequence)
      .map(timer => ({ kind: 'timer', process: timer.process, atMs: this.#startMs + timer.at }))
  }

  #arm(process: string, ms: number, fn: () => void): Cancel {
    const timer: VirtualTimer = { fn, process, ...heapHandle() }
    this.#timers.push(timer, this.#elapsedMs + ms)
    return () => {
      this.#timers.remove(timer)
    }
  }
}
