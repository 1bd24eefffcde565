import { InvalidError, KeelsonError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import { oneOf } from '../allocator/one-of.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { AcceptPlan } from './accept.js'
import { failedOutcome, planAccept, volumeIds } from './accept.js'
import type { FrameworkEntry } from './framework-record.js'
import type { OfferProblem, OwnedOffer } from './offer.js'
import { offerListProblem } from './offer.js'
import type { Operation, Outcome } from './operation.js'
import type { PoolCore } from './pool-core.js'
import { launchTask } from './run-tasks.js'

/** How an accept is done. */
export interface AcceptOptions {
  /**
   * For how long what is left over is not wanted, in ms: at least the pool's `refuseMsMin`, at most 365 days; or
   * `changed`: until the agent has more, or other attributes. Default 5,000; 0: offer it again at once.
   */
  readonly refuseMs?: number | 'changed'
  /** `each`: an operation that fails leaves the others alone; `all`: it undoes them. Default `each`. */
  readonly mode?: 'each' | 'all'
}

const ACCEPT_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<AcceptOptions>('accept', {
  refuseMs: true,
  mode: true,
})

/**
 * Uses offers of one agent and role for operations. What is wrong with the offers fails every operation, and gives
 * those of the offers that are the caller's back without a filter; offers of others are not touched.
 *
 * @throws KeelsonError `TooLarge` for more operations than the pool takes; nothing has happened then
 * @throws InvalidError for an operation without its tasks or resources; nothing has happened then
 */
export async function acceptOffers(
  core: PoolCore,
  entry: FrameworkEntry,
  call: {
    readonly ids: readonly string[]
    readonly operations: readonly Operation[]
    readonly options: AcceptOptions
  },
): Promise<readonly Outcome<Operation>[]> {
  const { ids, operations, options } = call
  assertKnown(options, ACCEPT_OPTIONS)
  assertValid('accept', oneOf('mode', options.mode, ['each', 'all']))
  const { operationsMax } = core.limits
  if (operations.length > operationsMax) {
    const message = `${operations.length} operations; an accept takes at most ${operationsMax}`
    throw new KeelsonError({ code: 'TooLarge', message, details: { operationsMax } })
  }
  assertShapes(operations)
  const invalid = offerListProblem(ids, core.book.offers, entry.id)
  if (invalid !== undefined) return failAll(core, entry, { ids, operations, problem: invalid })
  const role = core.book.offers.get(ids[0] ?? '')?.role ?? ''
  if (core.options.authorize !== undefined)
    for (const operation of operations) {
      const request = { framework: entry.id, principal: entry.principal, operation: operation.op, role }
      if (!(await core.options.authorize(request)))
        return failAll(core, entry, { ids, operations, problem: unauthorized(operation) })
    }
  core.assertOpen()
  const stale = offerListProblem(ids, core.book.offers, entry.id)
  if (stale !== undefined) return failAll(core, entry, { ids, operations, problem: stale })
  if (ids.length === 0) return operations.map(operation => failedOutcome(operation, NO_OFFERS))
  return perform(core, entry, { ids, operations, options })
}

const NO_OFFERS: OfferProblem = { code: 'unknown', message: 'no offer was named' }

function perform(
  core: PoolCore,
  entry: FrameworkEntry,
  {
    ids,
    operations,
    options,
  }: { ids: readonly string[]; operations: readonly Operation[]; options: AcceptOptions },
): readonly Outcome<Operation>[] {
  const offers = ids.flatMap(id => core.book.offers.get(id) ?? [])
  const [{ role, agent }] = offers as [OwnedOffer]
  const offered = offers.reduce((sum, offer) => sum.plus(offer.resources), ResourceSet.empty)
  const plan = planAccept(
    {
      offered,
      agent: agent.id,
      role,
      principal: entry.principal,
      hasTask: id => core.tasks.has(entry.id, id),
      tasksMax: core.limits.tasksMax - core.tasks.countOf(entry.id),
      volumes: new Set(volumeIds(core.agents.of(agent.id).resources)),
      isVolumeInUse: id => core.tasks.isVolumeInUse(agent.id, id),
    },
    operations,
    options.mode,
  )
  for (const id of ids) core.take(id)
  book(core, { framework: entry.id, role, agent: agent.id }, plan)
  core.allocator.apply({ type: 'answered', framework: entry.id, role, agent: agent.id })
  if (!plan.converted.isEmpty)
    core.giveBack({ framework: entry.id, role, agent: agent.id, resources: plan.converted })
  if (!plan.declined.isEmpty)
    core.giveBack(
      { framework: entry.id, role, agent: agent.id, resources: plan.declined },
      core.filterFor(options.refuseMs),
    )
  for (const { spec, take } of plan.launches)
    launchTask(core, { framework: entry.id, role, agent: agent.id, spec, take })
  core.requestPass()
  return plan.outcomes
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
  {
    ids,
    operations,
    problem,
  }: { ids: readonly string[]; operations: readonly Operation[]; problem: OfferProblem },
): readonly Outcome<Operation>[] {
  for (const id of ids)
    if (core.book.offers.get(id)?.framework === entry.id) {
      const offer = core.take(id)
      if (offer !== undefined) core.giveBack({ ...offer, agent: offer.agent.id })
    }
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
    if (operation.op === 'launch' || operation.op === 'launchGroup')
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
  if (problems.length > 0) throw new InvalidError('operations', problems)
}

function unauthorized({ op }: Operation): OfferProblem {
  return { code: 'unauthorized', message: `${op} is not allowed`, params: { operation: op } }
}
