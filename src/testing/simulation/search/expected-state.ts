import { replayChoices } from '../choices/replay-choices.js'
import type { Violation } from '../judge/violation.js'
import { withoutNames } from '../objects/plain-state.js'
import { describeDifference } from '../objects/state-difference.js'
import { execute } from '../run/execute.js'
import type { Execution, Rest } from '../setup/execution.js'
import type { ExecutionSetup } from '../setup/execution-setup.js'
import type { Ending } from '../world/user.js'

/** Where every execution must come to rest: where the undisturbed ones did. */
export interface Expectation {
  /** Undisturbed executions. One with a violation is the last. */
  readonly executions: readonly Execution[]
  /** What is wrong with where an execution came to rest. */
  judge(rest: Rest): Violation | undefined
}

const choicesOf: Readonly<Record<Ending, readonly number[]>> = { kept: [], deleted: [1] }

/**
 * Runs undisturbed executions: to both endings, and twice with other chances. Where names differ between the latter,
 * they are chance, and are not compared.
 */
export async function expectState(setup: ExecutionSetup): Promise<Expectation> {
  const executions: Execution[] = []
  const undisturbed = async (seed: number, ending: Ending): Promise<Execution> => {
    const execution = await execute({ ...setup, seed }, replayChoices(choicesOf[ending]))
    executions.push(execution)
    return execution
  }
  const judgeNothing: Expectation = { executions, judge: () => undefined }
  const kept = await undisturbed(setup.seed, 'kept')
  if (kept.violation !== undefined) return judgeNothing
  const deleted = await undisturbed(setup.seed, 'deleted')
  if (deleted.violation !== undefined) return judgeNothing
  const other = await undisturbed(setup.seed + 1, 'kept')
  const byChance = describeDifference(kept.compared, other.compared) !== undefined
  const fixedKeys = new Set(kept.outsideKeys.filter(key => other.outsideKeys.includes(key)))
  const namesOf = ({ madeNames, outsideKeys }: Rest): readonly string[] => [
    ...madeNames,
    ...outsideKeys.filter(key => !fixedKeys.has(key)),
  ]
  const judge: Expectation['judge'] = rest => {
    const wanted = rest.ending === 'kept' ? kept : deleted
    return judgeRest(rest, wanted, byChance ? new Set([...namesOf(wanted), ...namesOf(rest)]) : [])
  }
  return { executions, judge }
}

/** @param names those of chance */
function judgeRest(rest: Rest, wanted: Rest, names: Iterable<string>): Violation | undefined {
  const difference = describeDifference(
    withoutNames(wanted.compared, names),
    withoutNames(rest.compared, names),
  )
  if (difference === undefined) return undefined
  return {
    invariant: 'converges',
    message: `it comes to rest in another state than undisturbed:\n${difference}`,
  }
}
