import type { StepInfo, TaskScheduler } from '../../../core/index.js'

/** A deferred step that waits for its turn. */
export interface PooledStep {
  readonly process: string
  readonly about: StepInfo
  readonly run: () => void
}

/** Deferred steps of all processes; any of them may be next. */
export interface StepPool {
  /** The scheduler port of one process. */
  portFor(process: string, lifetime: { readonly closed: boolean }): TaskScheduler
  /** Those of living processes, oldest first. */
  waiting(): readonly PooledStep[]
  take(step: PooledStep): void
}

interface Entry extends PooledStep {
  readonly lifetime: { readonly closed: boolean }
}

/** An empty pool. */
export function createStepPool(): StepPool {
  let entries: Entry[] = []
  const remove = (entry: PooledStep): void => {
    entries = entries.filter(other => other !== entry)
  }
  return {
    portFor: (process, lifetime) => ({
      defer: (run, about) => {
        const entry: Entry = { process, about, run, lifetime }
        entries.push(entry)
        return () => remove(entry)
      },
    }),
    waiting: () => {
      if (entries.some(entry => entry.lifetime.closed))
        entries = entries.filter(entry => !entry.lifetime.closed)
      return entries
    },
    take: remove,
  }
}
