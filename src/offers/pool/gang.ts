import { ResourceSet } from '../resources/resource-set.js'
import type { AcceptInput, AcceptPlan, Launch } from './accept.js'
import { ABORTED, failedOutcome, groupInvalid, takeFor } from './accept.js'
import type { OfferProblem } from './offer.js'
import type { LaunchGangOperation, LaunchSpec, Outcome } from './operation.js'

/** What gangs come to: a plan for each agent, in the order of the agents. Nothing has happened yet. */
export interface GangPlan {
  readonly outcomes: readonly Outcome<LaunchGangOperation>[]
  readonly plans: readonly AcceptPlan[]
}

interface Placed {
  readonly at: number
  readonly launch: Launch
}

/**
 * Finds places for gangs over the offers of several agents: each task on the agent that it names, or on the first that
 * has room. All tasks of a gang find a place, or none is launched.
 *
 * @param inputs one for each agent
 * @param mode `all`: a gang that fails undoes the others
 */
export function planGangs(
  inputs: readonly AcceptInput[],
  operations: readonly LaunchGangOperation[],
  mode: 'each' | 'all' = 'each',
): GangPlan {
  const left = inputs.map(({ offered }) => offered)
  const placed: Placed[] = []
  const outcomes = operations.map((operation): Outcome<LaunchGangOperation> => {
    const rest = [...left]
    const gang = placeAll(inputs, rest, { tasks: operation.tasks, before: placed })
    if ('code' in gang) return { op: 'launchGang', launched: [], problem: groupInvalid(gang) }
    placed.push(...gang)
    left.splice(0, left.length, ...rest)
    const launched = gang.map(({ at, launch: { spec } }) => ({
      id: spec.id,
      agent: (inputs[at] as AcceptInput).agent,
    }))
    return { op: 'launchGang', launched }
  })
  if (mode === 'each' || outcomes.every(({ problem }) => problem === undefined))
    return { outcomes, plans: left.map((rest, at) => planOf(rest, at, placed)) }
  const undone = outcomes.map((outcome, index) =>
    outcome.problem === undefined
      ? (failedOutcome(operations[index] as LaunchGangOperation, ABORTED) as Outcome<LaunchGangOperation>)
      : outcome,
  )
  return { outcomes: undone, plans: inputs.map(({ offered }, at) => planOf(offered, at, [])) }
}

function placeAll(
  inputs: readonly AcceptInput[],
  rest: ResourceSet[],
  { tasks, before }: { readonly tasks: readonly LaunchSpec[]; readonly before: readonly Placed[] },
): readonly Placed[] | OfferProblem {
  const gang: Placed[] = []
  for (const spec of tasks) {
    const launches = [...before, ...gang].map(({ launch }) => launch)
    let problem: OfferProblem | undefined
    const at = inputs.findIndex((input, index) => {
      if (spec.agent !== undefined && spec.agent !== input.agent) return false
      const left = rest[index] as ResourceSet
      const taken = takeFor(spec, input, { left, before: launches })
      if ('code' in taken) {
        problem = taken
        return false
      }
      rest[index] = taken.rest
      gang.push({ at: index, launch: { spec, take: taken.take } })
      return true
    })
    if (at < 0) return problem ?? { code: 'agentMismatch', message: 'no offer is of the agent that it names' }
  }
  return gang.length > 0 ? gang : { code: 'nothing', message: 'no tasks' }
}

function planOf(declined: ResourceSet, at: number, placed: readonly Placed[]): AcceptPlan {
  const launches = placed.flatMap(each => (each.at === at ? [each.launch] : []))
  return { outcomes: [], launches, conversions: [], converted: ResourceSet.empty, declined }
}
