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
  const timers = new IndexedHeap<VirtualTimer>()
  let elapsedMs = 0

  const arm = (process: string, ms: number, fn: () => void): Cancel => {
    const timer: VirtualTimer = { ...heapHandle(), fn, process }
    timers.push(timer, elapsedMs + ms)
    return () => {
      timers.remove(timer)
    }
  }

  return {
    get elapsedMs() {
      return elapsedMs
    },
    nowMs: () => startMs + elapsedMs,
    portFor: process => ({
      now: () => startMs + elapsedMs,
      monotonic: () => elapsedMs,
      after: (ms, fn) => arm(process, ms, fn),
    }),
    nextAtMs: () => timers.peek()?.at,
    moveTo: target => {
      elapsedMs = Math.max(elapsedMs, Math.min(target, timers.peek()?.at ?? target))
    },
    fireNext: () => {
      const next = timers.peek()
      if (next === undefined || next.at > elapsedMs) return false
      timers.remove(next)
      next.fn()
      return true
    },
    pending: () =>
      [...timers]
        .sort((a, b) => a.at - b.at || a.sequence - b.sequence)
        .map(timer => ({ kind: 'timer', process: timer.process, atMs: startMs + timer.at })),
  }
}
