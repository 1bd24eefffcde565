import type { StepInfo, TaskScheduler } from '../../core/index.js'
import type { PendingWork } from './pending-work.js'

interface Entry {
  readonly process: string
  readonly about: StepInfo
  readonly lifetime: { readonly closed: boolean }
  readonly step: () => void
  cancelled: boolean
}

/** Deferred steps that wait until they are told to run. */
export interface VirtualTasks {
  /** The scheduler port of one process. */
  portFor(process: string, lifetime: { readonly closed: boolean }): TaskScheduler
  /** Runs the oldest step of a living process and says what it was. Undefined when none is waiting. */
  runNext(): StepInfo | undefined
  /** Waiting steps of living processes, oldest first. */
  pending(): readonly PendingWork[]
}

/** A first-in first-out queue of steps. */
export function createVirtualTasks(): VirtualTasks {
  let queue: Entry[] = []
  let head = 0

  const take = (): Entry | undefined => {
    const entry = queue[head]
    if (entry === undefined) return undefined
    head++
    if (head >= 1024 && head * 2 >= queue.length) {
      queue = queue.slice(head)
      head = 0
    }
    return entry
  }

  return {
    portFor: (process, lifetime) => ({
      defer: (step, about) => {
        const entry: Entry = { process, about, lifetime, step, cancelled: false }
        queue.push(entry)
        return () => {
          entry.cancelled = true
        }
      },
    }),
    runNext: () => {
      for (let entry = take(); entry !== undefined; entry = take()) {
        if (entry.cancelled || entry.lifetime.closed) continue
        entry.step()
        return entry.about
      }
      return undefined
    },
    pending: () =>
      queue
        .slice(head)
        .filter(entry => !entry.cancelled && !entry.lifetime.closed)
        .map(({ process, about }) => ({ kind: 'step', process, about })),
  }
}
