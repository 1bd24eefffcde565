import type { Failure } from './failure-text.js'
import { failureText } from './failure-text.js'
import type { Simulation } from './observe.js'

/** An execution in which an invariant does not hold. The message says which, how, and how to see it again. */
export class CheckFailedError extends Error {
  /** An `InvariantName`, or the name of one of the options. */
  readonly invariant: string
  /** The failing execution, as simple as it could be made. */
  readonly simulation: Simulation
  /** Set as `KEELSON_REPLAY` in the environment, it makes the same check run this execution alone. */
  readonly replay: string
  /** A test of this execution, to be pasted. Names are left to fill in. */
  readonly regressionTest: string

  constructor(failure: Failure) {
    super(failureText(failure))
    const { violation, simulation, regressionTest } = failure
    this.name = 'CheckFailedError'
    this.invariant = violation.invariant
    this.simulation = simulation
    this.replay = simulation.replay
    this.regressionTest = regressionTest
  }
}
