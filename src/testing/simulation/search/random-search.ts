import type { FaultPlan } from '../actions/fault-settings.js'
import { randomChoices } from '../choices/random-choices.js'
import type { Searcher } from './searcher.js'

/** Draws one execution for each of the seeds from `seed` on. */
export function randomSearch(faults: FaultPlan, seed: number, executions: number): Searcher {
  let at = seed
  return {
    next: () => (at < seed + executions ? { seed: at, source: randomChoices(at++, faults) } : undefined),
    ahead: most =>
      Array.from({ length: Math.min(most, seed + executions - at) }, (_, index) => ({ seed: at + index })),
    learn: () => {},
    coverage: {
      isComplete: false,
      text: `${executions} executions (seeds ${seed} to ${seed + executions - 1})`,
    },
  }
}
