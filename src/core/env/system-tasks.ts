import type { Host } from './system-host.js'
import { systemHost } from './system-host.js'
import type { TaskScheduler } from './task-scheduler.js'

/** How the production scheduler shares the event loop. */
export interface SystemTasksOptions {
  /** Longest time that steps may hold the event loop before timers and I/O get a turn. Default 4. */
  readonly sliceMs?: number
  readonly host?: Host
}

interface Entry {
  step: (() => void) | undefined
}

/**
 * The production scheduler: one queue, first in first out, run in microtasks. Steps may hold one turn of the
 * event loop for `sliceMs`, counted over everything that happens in that turn; then the rest waits for the
 * next turn, so that a storm of steps does not hold back timers and sockets.
 *
 * The queue is not bounded: whoever defers is bounded by its own work queue.
 * An error thrown by a step reaches the host as uncaught; the steps behind it still run.
 */
export function createSystemTasks(options: SystemTasksOptions = {}): TaskScheduler {
  const { sliceMs = 4, host = systemHost } = options
  let queue: Entry[] = []
  let head = 0
  let scheduled = false
  let sliceEnd: number | undefined

  // The turn is over when the macrotask armed at its first step runs; no other sign exists.
  const openTurn = (): number => {
    const end = host.monotonic() + sliceMs
    sliceEnd = end
    host.macrotask(() => {
      sliceEnd = undefined
      if (head < queue.length) run()
    })
    return end
  }

  const run = (): void => {
    scheduled = true
    // The first step of a turn always runs, however short the slice.
    let inTime = sliceEnd === undefined
    const end = sliceEnd ?? openTurn()
    try {
      while (head < queue.length && (inTime || host.monotonic() < end)) {
        inTime = false
        const entry = queue[head++] as Entry
        const step = entry.step
        entry.step = undefined
        if (head === queue.length) {
          queue.length = 0
          head = 0
        }
        step?.()
      }
    } finally {
      trim()
      // Over the slice the macrotask continues; after an error in time, a microtask must.
      const left = head < queue.length
      scheduled = left
      if (left && host.monotonic() < end) host.microtask(run)
    }
  }

  const trim = (): void => {
    if (head < 1024 || head * 2 < queue.length) return
    queue = queue.slice(head)
    head = 0
  }

  return {
    defer: step => {
      const entry: Entry = { step }
      queue.push(entry)
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
