import { InvalidError, KeelsonError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import { oneOf } from '../allocator/one-of.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { AcceptInput, AcceptPlan } from './accept.js'
import { failedOutcome, planAccept, volumeIds } from './accept.js'
import type { AnsweredOffers } from './answered-offers.js'
import type { FrameworkEntry } from './framework-record.js'
import { planGangs } from './gang.js'
import type { OfferProblem, OwnedOffer } from './offer.js'
import { offerListProblem } from './offer.js'
import type { Operation, Outcome } from './operation.js'
import type { PoolCore } from './pool-core.js'
import { refuseProblems } from './refusal.js'
import { launchTask } from './run-tasks.js'

/** How an accept is done. */
export interface AcceptOptions {
  /**
   * For how long what is left over is not wanted, in ms: at least the pool's `refuseMsMin`, at most 365 days; or
   * `changed`: until the agent has more, or other attributes; or `adaptive`: 5 s, twice as long each time in a row that
   * the agent is refused for the role so, at most 10 min; a launch there or a revival of the role begins again. Default
   * 5,000; 0: offer it again at once.
   */
  readonly refuseMs?: number | 'changed' | 'adaptive'
  /** `each`: an operation that fails leaves the others alone; `all`: it undoes them. Default `each`. */
  readonly mode?: 'each' | 'all'
}

const ACCEPT_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<AcceptOptions>('accept', {
  refuseMs: true,
  mode: true,
})

interface AcceptCall {
  readonly ids: readonly string[]
  readonly operations: readonly Operation[]
  readonly options: AcceptOptions
}

/**
 * Uses offers of one agent and role for operations, or of several agents for gangs. What is wrong with the offers fails
 * every operation, and gives those of the offers that are the caller's back without a filter; offers of others are not
 * touched.
 *
 * @throws KeelsonError `TooLarge` for more operations than the pool takes; nothing has happened then
 * @throws InvalidError for an option that is none, or an operation without its tasks or resources; nothing has happened
 */
export async function acceptOffers(
  core: PoolCore,
  entry: FrameworkEntry,
  call: AcceptCall,
): Promise<readonly Outcome<Operation>[]> {
  const { ids, operations, options } = call
  assertKnown(options, ACCEPT_OPTIONS)
  assertValid('accept', [
    ...oneOf('mode', options.mode, ['each', 'all']),
    ...refuseProblems(options.refuseMs),
  ])
  const { operationsMax } = core.limits
  if (operations.length > operationsMax) {
    const message = `${operations.length} operations; an accept takes at most ${operationsMax}`
    throw new KeelsonError({ code: 'TooLarge', message, details: { operationsMax } })
  }
  assertShapes(operations)
  const owner = { framework: entry.id, acrossAgents: operations.some(({ op }) => op === 'launchGang') }
  const invalid = offerListProblem(ids, core.book.offers, owner)
  if (invalid !== undefined) return failAll(core, entry, call, invalid)
  const role = core.book.offers.get(ids[0] ?? '')?.role ?? ''
  if (core.options.authorize !== undefined)
    for (const operation of operations) {
      const request = { framework: entry.id, principal: entry.principal, operation: operation.op, role }
      if (!(await core.options.authorize(request))) return failAll(core, entry, call, unauthorized(operation))
    }
  core.assertOpen()
  const stale = offerListProblem(ids, core.book.offers, owner)
  if (stale !== undefined) return failAll(core, entry, call, stale)
  if (ids.length === 0) return operations.map(operation => failedOutcome(operation, NO_OFFERS))
  return take(core, entry, call)
}

const NO_OFFERS: OfferProblem = { code: 'unknown', message: 'no offer was named' }

/** The offers of one agent in a call, together. */
interface AgentPart {
  readonly of: { readonly framework: string; readonly role: string; readonly agent: string }
  /** What the offers were made of. */
  readonly grantIds: readonly number[]
  readonly input: AcceptInput
  readonly plan: AcceptPlan
}

async function take(
  core: PoolCore,
  entry: FrameworkEntry,
  call: AcceptCall,
): Promise<readonly Outcome<Operation>[]> {
  const { ids, options } = call
  const { outcomes, parts } = planCall(core, entry, call)
  for (const id of ids) core.take(id)
  const [part] = parts
  if (part === undefined || part.plan.conversions.length === 0) {
    perform(core, parts, options)
    return outcomes
  }
  const answered = core.answered.begin(part.of)
  const kept = await keepConversions(core, entry, part)
  try {
    core.assertOpen()
    const problem = kept.problem ?? problemOfLoss(core, answered)
    if (problem === undefined) {
      perform(core, parts, options)
      return outcomes
    }
    if (!answered.isLost)
      core.giveBack({ ...part.of, resources: part.input.offered, grantIds: part.grantIds })
    return call.operations.map(operation => failedOutcome(operation, problem))
  } finally {
    core.answered.end(answered)
    kept.done()
  }
}

/** Does what was planned, all in one step. */
function perform(core: PoolCore, parts: readonly AgentPart[], options: AcceptOptions): void {
  for (const { of, grantIds, plan } of parts) {
    book(core, of, plan)
    core.allocator.apply({ type: 'answered', ...of, grantIds })
    const { converted, declined } = plan
    if (!converted.isEmpty) core.giveBack({ ...of, resources: converted, grantIds: [] })
    if (plan.launches.length > 0) core.frameworks.get(of.framework)?.refusals.forgetAgent(of.agent)
    if (!declined.isEmpty)
      core.giveBack({ ...of, resources: declined, grantIds: [] }, core.filterFor(options.refuseMs, of))
    const { framework, role, agent } = of
    for (const { spec, take } of plan.launches) launchTask(core, { framework, role, agent, spec, take })
  }
  core.requestPass()
}

/** The agent may have gone while conversions were being written, or the framework for good. */
function problemOfLoss(
  core: PoolCore,
  { isLost, framework, agent }: AnsweredOffers,
): OfferProblem | undefined {
  if (!core.frameworks.has(framework))
    return { code: 'aborted', message: 'the framework left meanwhile', params: { framework } }
  if (!isLost) return undefined
  return { code: 'agentInactive', message: 'the agent went away meanwhile', params: { agent } }
}

function planCall(
  core: PoolCore,
  entry: FrameworkEntry,
  { ids, operations, options }: AcceptCall,
): { readonly outcomes: readonly Outcome<Operation>[]; readonly parts: readonly AgentPart[] } {
  const offers = ids.flatMap(id => core.book.offers.get(id) ?? [])
  const byAgent = new Map<string, OwnedOffer[]>()
  for (const offer of offers) byAgent.set(offer.agent.id, [...(byAgent.get(offer.agent.id) ?? []), offer])
  const inputs = [...byAgent].map(([agent, list]) => inputOf(core, entry, agent, list))
  const gangs = operations.filter(operation => operation.op === 'launchGang')
  const { outcomes, plans } =
    gangs.length > 0 ? planGangs(inputs, gangs, options.mode) : planOne(inputs, operations, options.mode)
  const parts = inputs.map((input, at) => ({
    of: { framework: entry.id, role: input.role, agent: input.agent },
    grantIds: (byAgent.get(input.agent) ?? []).map(({ grantId }) => grantId),
    input,
    plan: plans[at] as AcceptPlan,
  }))
  return { outcomes, parts }
}

function planOne(
  inputs: readonly AcceptInput[],
  operations: readonly Operation[],
  mode: AcceptOptions['mode'],
): { readonly outcomes: readonly Outcome<Operation>[]; readonly plans: readonly AcceptPlan[] } {
  const plan = planAccept(inputs[0] as AcceptInput, operations, mode)
  return { outcomes: plan.outcomes, plans: [plan] }
}

function inputOf(
  core: PoolCore,
  entry: FrameworkEntry,
  agent: string,
  offers: readonly OwnedOffer[],
): AcceptInput {
  return {
    offered: offers.reduce((sum, offer) => sum.plus(offer.resources), ResourceSet.empty),
    agent,
    role: (offers[0] as OwnedOffer).role,
    principal: entry.principal,
    hasTask: id => core.hasTask(entry, id),
    tasksMax: core.limits.tasksMax - core.tasks.countOf(entry.id),
    volumes: new Set(volumeIds(core.agents.of(agent).resources)),
    isVolumeInUse: id => core.tasks.isVolumeInUse(agent, id),
  }
}

/** What came of keeping conversions. */
interface Kept {
  readonly problem?: OfferProblem
  /** To be called when the pool knows of it. */
  readonly done: () => void
}

const KEPT: Kept = { done: () => {} }

/** Has conversions kept before they take effect; meanwhile the ids of the call's tasks are taken. */
async function keepConversions(
  core: PoolCore,
  entry: FrameworkEntry,
  { of, plan }: AgentPart,
): Promise<Kept> {
  if (core.hooks === undefined) return KEPT
  const ids = plan.launches.map(({ spec }) => spec.id)
  for (const id of ids) entry.launching.add(id)
  try {
    return { done: await core.hooks.convert(of.agent, plan.conversions) }
  } catch (error) {
    return { ...KEPT, problem: { code: 'conflict', message: `could not be kept: ${String(error)}` } }
  } finally {
    for (const id of ids) entry.launching.delete(id)
  }
}

function book(
  core: PoolCore,
  of: { framework: string; role: string; agent: string },
  { conversions }: AcceptPlan,
): void {
  for (const { from, to } of conversions) {
    const gone = volumeIds(from).filter(id => !volumeIds(to).includes(id))
    for (const offer of core.book.ofAgent(of.agent))
      if (gone.some(id => volumeIds(offer.resources).includes(id))) core.rescind(offer.id, 'volume')
    core.allocator.apply({ type: 'convert', ...of, from, to })
    core.convertAgent(of.agent, { from, to })
  }
}

function failAll(
  core: PoolCore,
  entry: FrameworkEntry,
  { ids, operations }: AcceptCall,
  problem: OfferProblem,
): readonly Outcome<Operation>[] {
  for (const id of ids) if (core.book.offers.get(id)?.framework === entry.id) core.returnOffer(id)
  return operations.map(operation => failedOutcome(operation, problem))
}

/** Which resources an operation must bring. */
const RESOURCE_FIELDS = {
  reserve: ['resources'],
  unreserve: ['resources'],
  create: ['volumes'],
  destroy: ['volumes'],
  grow: ['volume', 'addition'],
  shrink: ['volume'],
} as const

function assertShapes(operations: readonly Operation[]): void {
  const problems = operations.flatMap((operation, index) => {
    const fields = operation as unknown as Readonly<Record<string, unknown>>
    if (operation.op === 'launch' || operation.op === 'launchGroup' || operation.op === 'launchGang')
      return Array.isArray(fields['tasks'])
        ? []
        : [{ field: `[${index}].tasks`, value: fields['tasks'], message: 'must be a list of tasks' }]
    return (RESOURCE_FIELDS[operation.op] ?? [])
      .filter(field => !(fields[field] instanceof ResourceSet))
      .map(field => ({
        field: `[${index}].${field}`,
        value: fields[field],
        message: 'must be a ResourceSet; make one with resources()',
      }))
  })
  const gangs = operations.filter(({ op }) => op === 'launchGang').length
  if (gangs > 0 && gangs < operations.length)
    problems.push({ field: 'op', value: 'launchGang', message: 'must stand with other gangs only' })
  if (problems.length > 0) throw new InvalidError('operations', problems)
}

function unauthorized({ op }: Operation): OfferProblem {
  return { code: 'unauthorized', message: `${op} is not allowed`, params: { operation: op } }
}
