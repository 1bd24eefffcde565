import { type Execution, type ExecutionSetup, execute } from './execution.js'
import { replayChoices } from './choices.js'
import type { Violation } from './invariants.js'
import { stateDifference, withoutNames } from './plain-state.js'
import type { Ending } from './user.js'

/** Where every execution must come to rest: where the undisturbed ones did. */
export interface Expectation {
  /** Undisturbed executions. The first with a violation is the last. */
  readonly executions: readonly Execution[]
  /** What is wrong with an execution; its own violation comes first. */
  judge(execution: Execution): Violation | undefined
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
  const kept = await undisturbed(setup.seed, 'kept')
  const judgeOnly: Expectation = { executions, judge: ({ violation }) => violation }
  if (kept.violation !== undefined) return judgeOnly
  const deleted = await undisturbed(setup.seed, 'deleted')
  if (deleted.violation !== undefined) return judgeOnly
  const other = await undisturbed(setup.seed + 1, 'kept')
  const byChance = stateDifference(kept.state, other.state) !== undefined
  const expected = { kept, deleted }
  return {
    executions,
    judge: execution => {
      if (execution.violation !== undefined) return execution.violation
      const wanted = expected[execution.ending]
      const names = byChance ? new Set([...wanted.madeNames, ...execution.madeNames]) : []
      const difference = stateDifference(
        withoutNames(wanted.state, names),
        withoutNames(execution.state, names),
      )
      if (difference === undefined) return undefined
      return {
        invariant: 'converges',
        message: `it comes to rest elsewhere than undisturbed (- undisturbed, + here):\n${difference}`,
      }
    },
  }
}
