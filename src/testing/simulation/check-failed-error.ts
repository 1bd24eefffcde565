import type { InvariantName } from './judge/invariants.js'
import type { Simulation } from './simulate.js'

/** An execution in which an invariant does not hold. The message says which, how, and how to see it again. */
export class CheckFailedError extends Error {
  readonly invariant: InvariantName
  /** The failing execution, as simple as it could be made. */
  readonly simulation: Simulation
  /** Set as `KEELSON_REPLAY` in the environment, it makes `check` run this execution alone. */
  readonly replay: string

  constructor(message: string, invariant: InvariantName, simulation: Simulation) {
    super(message)
    this.name = 'CheckFailedError'
    this.invariant = invariant
    this.simulation = simulation
    this.replay = simulation.replay
  }
}
