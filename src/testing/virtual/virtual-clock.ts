import type { Cancel } from '../../core/index.js'
import type { EnvPorts, HeapHandle } from '../../core/internal.js'
import { heapHandle, IndexedHeap } from '../../core/internal.js'
import type { PendingWork } from './pending-work.js'

interface VirtualTimer extends HeapHandle {
  readonly fn: () => void
  readonly process: string
  readonly isBackground: boolean
}

/** A timer that may fire next. */
export interface DueTimer {
  readonly process: string
  readonly isBackground: boolean
}

/** Time that stands still until it is told to move. */
export interface VirtualClock {
  /** Virtual milliseconds since the start. */
  readonly elapsedMs: number
  /** Epoch milliseconds: the start plus what has elapsed. */
  nowMs(): number
  /** The clock port of one process. Background timers re-arm endlessly, as renewals of a lease do. */
  portFor(process: string, isBackground?: boolean): EnvPorts['clock']
  /** When the earliest timer is due, in elapsed milliseconds. Undefined when none is armed. */
  nextAtMs(): number | undefined
  /** Moves time forward; never backward, and never over a timer that is due. */
  moveTo(elapsedMs: number): void
  /** Runs the earliest timer, or the earliest of one process, if it is due. */
  fireNext(process?: string): boolean
  /** The earliest timer of each process that has one due by then, in order. */
  dueBy(elapsedMs: number): readonly DueTimer[]
  /** True when a timer is armed that is not of the background. */
  readonly hasForeground: boolean
  /** True when a timer is armed that was armed before `mark`, a `nextMark` of earlier. */
  isAnyOlder(mark: number): boolean
  readonly nextMark: number
  /** Timers of the process do not fire, and time passes over them. */
  hold(process: string): void
  /** What is overdue by now fires as soon as it may, in order. */
  release(process: string): void
  /** Skews the wall clock of the process by so much from now on; its monotonic time is not affected. */
  setAhead(process: string, ms: number): void
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
  readonly #held = new Map<string, Set<VirtualTimer>>()
  readonly #aheadMs = new Map<string, number>()
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

  portFor(process: string, isBackground = false): EnvPorts['clock'] {
    return {
      now: () => this.nowMs() + (this.#aheadMs.get(process) ?? 0),
      monotonic: () => this.#elapsedMs,
      after: (ms, fn) => this.#arm({ fn, process, isBackground, ...heapHandle() }, ms),
    }
  }

  nextAtMs(): number | undefined {
    return this.#timers.peek()?.at
  }

  moveTo(target: number): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, Math.min(target, this.#timers.peek()?.at ?? target))
  }

  fireNext(process?: string): boolean {
    const next = process === undefined ? this.#timers.peek() : this.#sorted().find(t => t.process === process)
    if (next === undefined || next.at > this.#elapsedMs) return false
    this.#timers.remove(next)
    next.fn()
    return true
  }

  dueBy(elapsedMs: number): readonly DueTimer[] {
    if ((this.nextAtMs() ?? Number.POSITIVE_INFINITY) > elapsedMs) return []
    const first = new Map<string, VirtualTimer>()
    for (const timer of this.#sorted())
      if (timer.at <= elapsedMs && !first.has(timer.process)) first.set(timer.process, timer)
    return [...first.values()]
  }

  get hasForeground(): boolean {
    return [...this.#timers].some(({ isBackground }) => !isBackground)
  }

  get nextMark(): number {
    return this.#timers.nextSequence
  }

  isAnyOlder(mark: number): boolean {
    return [...this.#timers].some(({ sequence }) => sequence < mark)
  }

  hold(process: string): void {
    const timers = [...this.#timers].filter(timer => timer.process === process)
    for (const timer of timers) this.#timers.remove(timer)
    this.#held.set(process, new Set(timers))
  }

  release(process: string): void {
    const timers = this.#held.get(process) ?? []
    this.#held.delete(process)
    for (const timer of timers) this.#timers.push(timer, timer.at, timer.sequence)
  }

  setAhead(process: string, ms: number): void {
    this.#aheadMs.set(process, ms)
  }

  pending(): readonly PendingWork[] {
    return this.#sorted().map(timer => ({
      kind: 'timer',
      process: timer.process,
      atMs: this.#startMs + timer.at,
    }))
  }

  #sorted(): readonly VirtualTimer[] {
    return [...this.#timers].sort((a, b) => a.at - b.at || a.sequence - b.sequence)
  }

  #arm(timer: VirtualTimer, ms: number): Cancel {
    this.#timers.push(timer, this.#elapsedMs + ms)
    const held = this.#held.get(timer.process)
    if (held !== undefined && this.#timers.remove(timer)) held.add(timer)
    return () => {
      if (!this.#timers.remove(timer)) this.#held.get(timer.process)?.delete(timer)
    }
  }
}
