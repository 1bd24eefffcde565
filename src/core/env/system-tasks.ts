import { MonotonicReader } from './monotonic-reader.js'
import type { Host } from './system-host.js'
import { systemHost } from './system-host.js'
import type { TaskScheduler } from './task-scheduler.js'

/** How the production scheduler shares the event loop. */
export interface SystemTasksOptions {
  /** Longest time that steps may hold the event loop before timers and I/O get a turn. Default 4. */
  readonly sliceMs?: number
  readonly host?: Host
  /** Through which the clock is read. Default: one of its own. */
  readonly reader?: MonotonicReader
}

interface Entry {
  step: (() => void) | undefined
  next: Entry | undefined
}

/**
 * The production scheduler: one queue, first in first out, run in microtasks. Steps may hold one turn of the
 * event loop for `sliceMs`, counted over everything that happens in that turn; then the rest waits for the
 * next turn, so that a storm of steps does not hold back timers and sockets. Where a step has read the clock itself,
 * that reading tells whether the slice is over, so it may be the step after next that waits.
 *
 * The queue is not bounded: whoever defers is bounded by its own work queue.
 * An error thrown by a step reaches the host as uncaught; the steps behind it still run.
 */
export function createSystemTasks(options: SystemTasksOptions = {}): TaskScheduler {
  const { sliceMs = 4, host = systemHost, reader = new MonotonicReader(host) } = options
  let first: Entry | undefined
  let last: Entry | undefined
  let scheduled = false
  let sliceEnd: number | undefined
  /** The reading that was looked at last. */
  let seenMs = Number.NEGATIVE_INFINITY

  // The turn is over when the macrotask armed at its first step runs; no other sign exists.
  const openTurn = (): number => {
    const end = reader.read() + sliceMs
    sliceEnd = end
    host.macrotask(() => {
      sliceEnd = undefined
      if (first !== undefined) run()
    })
    return end
  }

  const isOver = (end: number): boolean => {
    seenMs = reader.latestMs === seenMs ? reader.read() : reader.latestMs
    return seenMs >= end
  }

  const take = (): Entry => {
    const entry = first as Entry
    first = entry.next
    if (first === undefined) last = undefined
    // What is dead and old would keep what came after it.
    entry.next = undefined
    return entry
  }

  const run = (): void => {
    scheduled = true
    // The first step of a turn always runs, however short the slice.
    let inTime = sliceEnd === undefined
    const end = sliceEnd ?? openTurn()
    try {
      while (first !== undefined && (inTime || !isOver(end))) {
        inTime = false
        const entry = take()
        const { step } = entry
        entry.step = undefined
        step?.()
      }
    } finally {
      // Over the slice the macrotask continues; after an error in time, a microtask must.
      scheduled = first !== undefined
      if (scheduled && reader.read() < end) host.microtask(run)
    }
  }

  return {
    defer: step => {
      const entry: Entry = { step, next: undefined }
      if (last === undefined) first = entry
      else last.next = entry
      last = entry
      if (!scheduled) {
        scheduled = true
        host.microtask(run)
      }
      return () => {
        entry.step = undefined
      }
    },
  }
}
