import { ResourceSet } from '../resources/resource-set.js'
import { resources } from '../resources/resource-text.js'
import type { OfferProblem } from './offer.js'
import type { LaunchSpec } from './operation.js'

const TASK_ID_LENGTH_MAX = 256

/** Where a task is to be launched, and what it may not clash with. */
export interface LaunchPlace {
  readonly agent: string
  /** Ids of the framework's tasks that have not ended. */
  readonly hasTask: (id: string) => boolean
  /** Most tasks that may still be launched. Default: no bound. */
  readonly tasksMax?: number
}

/**
 * What a task is to take, or what is wrong with it before anybody looks for room: its id, its agent, its grace, its
 * amounts.
 *
 * @param before tasks that the same call launches before it
 */
export function launchNeed(
  { id, agent, need, take, kill }: LaunchSpec,
  place: LaunchPlace,
  before: readonly { readonly spec: LaunchSpec }[],
): ResourceSet | OfferProblem {
  const { hasTask, tasksMax = Number.POSITIVE_INFINITY } = place
  if (typeof id !== 'string' || id === '' || id.length > TASK_ID_LENGTH_MAX)
    return { code: 'invalid', message: `task id must have 1 to ${TASK_ID_LENGTH_MAX} characters` }
  const params = { task: id }
  if (hasTask(id) || before.some(({ spec }) => spec.id === id))
    return { code: 'taskExists', message: 'a task with this id has not ended', params }
  if (agent !== undefined && agent !== place.agent)
    return { code: 'agentMismatch', message: 'meant for another agent', params: { ...params, agent } }
  if (!((kill?.graceMs ?? 0) >= 0))
    return { code: 'invalid', message: 'kill.graceMs must be at least 0', params }
  if (before.length >= tasksMax) return { code: 'tooMany', message: 'too many tasks of this framework' }
  if (take !== undefined && !(take instanceof ResourceSet))
    return { code: 'invalid', message: 'take must be a ResourceSet; make one with resources()', params }
  const wanted = amountsOf(need)
  if (!(wanted instanceof ResourceSet)) return wanted
  const set = take ?? wanted
  return set.isEmpty && wanted.isEmpty
    ? { code: 'noResources', message: 'a task must take something', params }
    : set
}

/** Amounts as resources, or what is wrong with them. */
export function amountsOf(need: LaunchSpec['need']): ResourceSet | OfferProblem {
  try {
    return resources(need)
  } catch (error) {
    return { code: 'invalid', message: String(error) }
  }
}
