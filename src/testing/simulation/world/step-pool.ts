import type { DeferredStep, StepInfo, TaskScheduler } from '../../../core/index.js'

/** A deferred step that waits for its turn. */
export interface PooledStep {
  readonly process: string
  readonly about: StepInfo
  readonly run: DeferredStep
}

/** Deferred steps of all processes; any of them may be next. */
export interface StepPool {
  /** The scheduler port of one process. */
  portFor(process: string, lifetime: { readonly closed: boolean }): TaskScheduler
  /** Those of living processes that are not held back, oldest first. */
  waiting(): readonly PooledStep[]
  /** The oldest of each sort that is held back. */
  held(): readonly PooledStep[]
  /** Holds back steps of this process and label, now and later. */
  hold(step: PooledStep): void
  /** Ends that. */
  release(step: PooledStep): void
  take(step: PooledStep): void
  /** Resolves in a step of its own, which is held back: a late answer. */
  answeredLater(step: PooledStep): Promise<void>
}

interface Entry extends PooledStep {
  readonly lifetime: { readonly closed: boolean }
}

/** An empty pool. */
export function createStepPool(): StepPool {
  let entries: Entry[] = []
  const sortsHeld = new Set<string>()
  const living = (): readonly Entry[] => {
    if (entries.some(entry => entry.lifetime.closed))
      entries = entries.filter(entry => !entry.lifetime.closed)
    return entries
  }
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
    waiting: () => (sortsHeld.size === 0 ? living() : living().filter(step => !sortsHeld.has(sortOf(step)))),
    held: () => [...sortsHeld].flatMap(sort => living().find(step => sortOf(step) === sort) ?? []),
    hold: step => void sortsHeld.add(sortOf(step)),
    release: step => void sortsHeld.delete(sortOf(step)),
    take: remove,
    answeredLater: step =>
      new Promise(resolve => {
        const about: StepInfo = { kind: 'deliver', label: `the answer to ${step.about.label}` }
        const answer: Entry = { ...(step as Entry), about, run: () => resolve() }
        entries.push(answer)
        sortsHeld.add(sortOf(answer))
      }),
  }
}

function sortOf({ process, about: { label } }: PooledStep): string {
  return `${process} ${label}`
}
