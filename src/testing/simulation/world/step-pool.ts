import type { DeferredStep, StepInfo, TaskScheduler } from '../../../core/index.js'
import type { ActionOf } from './action-of.js'

/** A deferred step that waits for its turn. */
export interface PooledStep {
  readonly process: string
  readonly about: StepInfo
  readonly run: DeferredStep
  /** Its turn has come: it is taken, and runs. */
  readonly action: ActionOf<StepInfo['kind']>
}

/** Deferred steps of all processes; any of them may be next. */
export interface StepPool {
  /** The scheduler port of one process. */
  portFor(process: string, lifetime: { readonly closed: boolean }): TaskScheduler
  /** Those of living processes that are not held back, oldest first. */
  waiting(): readonly PooledStep[]
  /** Those of them that are of this kind. */
  waitingTo(kind: StepInfo['kind']): readonly PooledStep[]
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

interface Lifetime {
  readonly closed: boolean
}

const NONE: readonly Entry[] = []

/** An empty pool. */
export function createStepPool(): StepPool {
  return new ListPool()
}

class Entry implements PooledStep {
  readonly process: string
  readonly about: StepInfo
  readonly run: DeferredStep
  readonly action: PooledStep['action']
  readonly lifetime: Lifetime

  constructor(pool: ListPool, process: string, about: StepInfo, [run, lifetime]: [DeferredStep, Lifetime]) {
    const { kind, label } = about
    this.process = process
    this.about = about
    this.run = run
    this.lifetime = lifetime
    const act = (): void => {
      pool.take(this)
      run()
    }
    this.action = { kind, actor: process, label, about, run: act }
  }
}

class ListPool implements StepPool {
  #entries: Entry[] = []
  readonly #sortsHeld = new Set<string>()

  portFor(process: string, lifetime: Lifetime): TaskScheduler {
    return {
      defer: (run, about) => {
        const entry = new Entry(this, process, about, [run, lifetime])
        this.#entries.push(entry)
        return () => this.take(entry)
      },
    }
  }

  waiting(): readonly PooledStep[] {
    const living = this.#living()
    return this.#sortsHeld.size === 0 ? living : living.filter(step => !this.#sortsHeld.has(sortOf(step)))
  }

  waitingTo(kind: StepInfo['kind']): readonly PooledStep[] {
    const waiting = this.waiting()
    return waiting.some(({ about }) => about.kind === kind)
      ? waiting.filter(({ about }) => about.kind === kind)
      : NONE
  }

  held(): readonly PooledStep[] {
    if (this.#sortsHeld.size === 0) return NONE
    return [...this.#sortsHeld].flatMap(sort => this.#living().find(step => sortOf(step) === sort) ?? [])
  }

  hold(step: PooledStep): void {
    this.#sortsHeld.add(sortOf(step))
  }

  release(step: PooledStep): void {
    this.#sortsHeld.delete(sortOf(step))
  }

  take(step: PooledStep): void {
    this.#entries = this.#entries.filter(other => other !== step)
  }

  answeredLater(step: PooledStep): Promise<void> {
    return new Promise(resolve => {
      const about: StepInfo = { kind: 'deliver', label: `the answer to ${step.about.label}` }
      const { process, lifetime } = step as Entry
      const answer = new Entry(this, process, about, [() => resolve(), lifetime])
      this.#entries.push(answer)
      this.#sortsHeld.add(sortOf(answer))
    })
  }

  #living(): readonly Entry[] {
    if (this.#entries.some(entry => entry.lifetime.closed))
      this.#entries = this.#entries.filter(entry => !entry.lifetime.closed)
    return this.#entries
  }
}

function sortOf({ process, about: { label } }: PooledStep): string {
  return `${process} ${label}`
}
