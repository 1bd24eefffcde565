import type { Counts } from '../report/tally.js'
import { Tally } from '../report/tally.js'
import type { Execution } from '../setup/execution.js'

/** What the thread that asks has to know of an execution in which all is well. */
export interface Digest {
  readonly counts: Counts
  /** Without what was looked at beyond its rest. */
  readonly countsToRest: Counts
  /** Where it came to rest, if its thread has looked beyond; see `restText`. */
  readonly rest?: string
}

/**
 * Undefined when something does not hold. Such an execution is run again by whoever asks: only there it is known which
 * rests were looked into by executions before it.
 *
 * @param rest of an execution that was looked at beyond its rest
 */
export function digestOf(execution: Execution, rest: string | undefined): Digest | undefined {
  if (execution.violation !== undefined) return undefined
  const { trace, stepsToRest } = execution
  const countsToRest = countsOf(trace.slice(0, stepsToRest))
  if (rest === undefined) return { counts: countsToRest, countsToRest }
  return { counts: countsOf(trace), countsToRest, rest }
}

function countsOf(trace: Execution['trace']): Counts {
  const tally = new Tally()
  tally.note({ trace })
  return tally.counts
}
