import type { Cancel, Env } from '../../../src/core/index.js'
import { createEnvTree } from '../../../src/core/internal.js'
import type { VirtualEnv } from '../../../src/testing/index.js'

/** A process whose event loop may stand still while time goes on elsewhere. */
export interface StallableProcess {
  readonly env: Env
  stall(): void
  /** What is overdue fires now, in the order in which it was due, and what follows from each comes before the next. */
  resume(): Promise<void>
}

export function stallableProcess(world: VirtualEnv, name: string): StallableProcess {
  const overdue = new Set<() => void>()
  let isStalled = false
  const env = createEnvTree(name, process => {
    const { clock, random, ids, tasks, logger, metrics } = world.fork(process)
    const after = (ms: number, fn: () => void): Cancel => {
      const cancel = clock.after(ms, () => {
        if (isStalled) overdue.add(fn)
        else fn()
      })
      return () => {
        cancel()
        overdue.delete(fn)
      }
    }
    const { now, monotonic } = clock
    return { clock: { now, monotonic, after }, random, ids, tasks, logger, metrics }
  })
  return {
    env,
    stall: () => {
      isStalled = true
    },
    resume: async () => {
      isStalled = false
      for (const fire of overdue) {
        overdue.delete(fire)
        fire()
        await world.settle()
      }
    },
  }
}
