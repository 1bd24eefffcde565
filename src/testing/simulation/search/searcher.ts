import type { ChoiceSource } from '../choices/choice-source.js'
import type { Execution } from '../setup/execution.js'

/** An execution to come. */
export interface Planned {
  readonly seed: number
  readonly source: ChoiceSource
}

/** An execution that can be run without knowing what came of those before: drawn by its seed, or as chosen. */
export interface Job {
  readonly seed: number
  readonly choices?: readonly number[]
}

/** Decides which executions are looked at. Asked and told in turn. */
export interface Searcher {
  /** The next one; undefined when there is nothing left to look at, or the limit is reached. */
  next(): Planned | undefined
  /** What `next` will return, at most so many of them; those only that do not wait for `learn`. Changes nothing. */
  ahead?(most: number): readonly Job[]
  /** What came of the one planned last. Not called for those that were told ahead. */
  learn(execution: Execution): void
  /** What was looked at so far. */
  readonly coverage: Coverage
}

/** How much of what can happen was looked at. */
export interface Coverage {
  /** True when nothing is left within the bounds. */
  readonly isComplete: boolean
  /** Different states of the world, where the mode distinguishes them. */
  readonly states?: number
  /** In words. */
  readonly text: string
}
