import type { FaultPlan } from '../actions/fault-settings.js'
import { pctChoices } from '../choices/pct-choices.js'
import type { Execution } from '../setup/execution.js'
import type { Coverage, Planned, Searcher } from './searcher.js'

/** What a search by priorities is bounded by. */
export interface PctBounds {
  readonly seed: number
  readonly executions: number
  readonly depth: number
}

const LENGTH_FIRST = 16

/** One execution for each seed, scheduled by priorities; as long as the longest so far is how long one may be. */
export class PctSearch implements Searcher {
  readonly coverage: Coverage
  readonly #faults: FaultPlan
  readonly #bounds: PctBounds
  #executions = 0
  #length = LENGTH_FIRST

  constructor(faults: FaultPlan, bounds: PctBounds) {
    this.#faults = faults
    this.#bounds = bounds
    const { seed, executions, depth } = bounds
    const text = `${executions} executions by priorities, depth ${depth} (seeds ${seed} to ${seed + executions - 1})`
    this.coverage = { isComplete: false, text }
  }

  next(): Planned | undefined {
    const { executions, depth } = this.#bounds
    if (this.#executions >= executions) return undefined
    const seed = this.#bounds.seed + this.#executions++
    return { seed, source: pctChoices({ seed, faults: this.#faults, depth, length: this.#length }) }
  }

  learn({ choices }: Execution): void {
    this.#length = Math.max(this.#length, choices.length)
  }
}
