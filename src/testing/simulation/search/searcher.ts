import type { ChoiceSource } from '../choices/choice-source.js'
import type { Execution } from '../setup/execution.js'

/** An execution to come. */
export interface Planned {
  readonly seed: number
  readonly source: ChoiceSource
}

/** Decides which executions are looked at. Asked and told in turn. */
export interface Searcher {
  /** The next one; undefined when there is nothing left to look at, or the limit is reached. */
  next(): Planned | undefined
  /** What came of the one planned last. */
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
