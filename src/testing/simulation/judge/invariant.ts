import type { Client } from '../../../store/index.js'
import type { StepView } from './step-view.js'

/** In which executions an invariant is watched. */
export interface Scope {
  /**
   * Those that end with the objects as given (`kept`), with all of them deleted, or both. Default `both`; of what must
   * come about or hold at rest, `kept`.
   */
  readonly endings?: 'kept' | 'deleted' | 'both'
}

/**
 * Something that should hold. What it watches is the steps of one execution; `begin` makes a monitor for each.
 * `always`, `eventually` and the like make invariants from predicates.
 */
export interface Invariant extends Scope {
  /** As a failure calls it. */
  readonly name: string
  readonly begin: () => Monitor
}

/**
 * Watches one execution. It reads and remembers, and changes nothing. Both methods say what is wrong, or undefined;
 * what they throw counts as wrong.
 */
export interface Monitor {
  /** Called after each step. */
  readonly step?: (view: StepView) => string | undefined
  /** Called whenever the world has come to rest, with the objects as the ending wants them. */
  readonly rest?: (view: StepView) => string | undefined
  /**
   * Given the client of each process that starts, returns the one that its code gets: to see what it reads and asks.
   */
  readonly client?: (client: Client, process: string) => Client
}
