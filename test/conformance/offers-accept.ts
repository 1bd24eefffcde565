import type { Operation, Quantities } from '../../src/offers/index.js'
import { ResourceSet } from '../../src/offers/index.js'
import type { AcceptPlan } from '../../src/offers/pool/accept.js'
import { failedOutcome, planAccept } from '../../src/offers/pool/accept.js'
import type { OfferProblemCode, OwnedOffer } from '../../src/offers/pool/offer.js'
import { offerListProblem } from '../../src/offers/pool/offer.js'
import { heard, PoolWorld } from '../offers/pool-world.js'
import type { CaseResource } from './offers-resources.js'
import { constantCase, inOneOrder, ourSet, theirResources } from './offers-resources.js'

interface CaseTask {
  readonly id: string
  readonly agent: string
  readonly resources: readonly CaseResource[]
}

interface CaseOperation {
  readonly type: string
  readonly tasks?: readonly CaseTask[]
  readonly executor?: { readonly id: string; readonly resources: readonly CaseResource[] }
  readonly resources?: readonly CaseResource[]
  readonly volume?: CaseResource
  readonly addition?: CaseResource
}

interface CaseOffer {
  readonly framework: string
  readonly role: string
  readonly agent: string
  readonly resources: readonly CaseResource[]
}

interface AcceptInput {
  readonly offers: Readonly<Record<string, CaseOffer>>
  readonly offerIds: readonly string[]
  readonly framework: string
  readonly operations: readonly CaseOperation[]
}

const LIST_PROBLEMS: Readonly<Partial<Record<OfferProblemCode, string>>> = {
  duplicate: 'DUPLICATE_OFFER',
  unknown: 'OFFER_NOT_VALID',
  notOwner: 'WRONG_FRAMEWORK',
  roleMismatch: 'MIXED_ROLES',
  agentMismatch: 'MIXED_AGENTS',
}

const TASK_PROBLEMS: Readonly<Partial<Record<string, string>>> = {
  notContained: 'INSUFFICIENT_RESOURCES',
  taskExists: 'TASK_ID_DUPLICATE',
  agentMismatch: 'WRONG_AGENT',
  noResources: 'NO_RESOURCES',
}

export const acceptAnswers: Readonly<Record<string, (input: never) => unknown>> = {
  validateOffers: ({
    offers,
    framework,
    rows,
  }: {
    offers: Record<string, CaseOffer>
    framework: string
    rows: string[][]
  }) =>
    rows.map(ids => {
      const problem = offerListProblem(ids, ownedOffers(offers), { framework })
      return problem === undefined ? null : LIST_PROBLEMS[problem.code]
    }),
  accept: (input: AcceptInput | FieldInput) => ('by' in input ? foreignAccept(input) : acceptAnswer(input)),
}

export function acceptExpectation(expected: Record<string, unknown>): unknown {
  const lists = ['launched', 'recoveredWithoutFilter', 'implicitlyDeclined']
  return Object.fromEntries(
    Object.entries(expected).map(([name, value]) => [
      name,
      lists.includes(name) ? inOneOrder(value as unknown[]) : value,
    ]),
  )
}

interface FieldInput {
  readonly offers: readonly { readonly id: string; readonly owner: string }[]
  readonly by: string
  readonly accept: readonly string[]
}

/** Two frameworks hold an offer each, and one of them names both. */
async function foreignAccept({ by }: FieldInput): Promise<unknown> {
  const world = new PoolWorld()
  world.agent('a1')
  world.agent('a2')
  const sessions = ['A', 'B'].map(name => world.pool.subscribe({ name, id: name, roles: ['r'] }))
  world.pool.step()
  const offers = sessions.map(session => heard(session).offers)
  const caller = by === 'A' ? 0 : 1
  const [mine, theirs] = [offers[caller]![0]!, offers[1 - caller]![0]!]
  const [outcome] = await sessions[caller]!.accept(
    [mine, theirs],
    [{ op: 'launch', tasks: [{ id: 't', need: { cpus: 1 } }] }],
  )
  const used = await sessions[1 - caller]!.accept(
    [theirs],
    [{ op: 'launch', tasks: [{ id: 'u', need: { cpus: 1 } }] }],
  )
  const stillUsable = used[0].launched.length === 1
  // What the caller named of its own comes back to be offered again; nothing of the other one does.
  return {
    error: outcome.failed[0]?.problem.code,
    live: stillUsable ? ['o2'] : [],
    returned: stillUsable ? [] : ['o2'],
  }
}

function acceptAnswer({ offers, offerIds, framework, operations }: AcceptInput): unknown {
  const known = ownedOffers(offers)
  const ours = operations.map(ourOperation)
  const problem = offerListProblem(offerIds, known, { framework })
  if (problem !== undefined) {
    const code = LIST_PROBLEMS[problem.code]
    return {
      error: code,
      returnedWithoutFilter: offerIds.filter(id => known.get(id)?.framework === framework),
      events: ours
        .map(operation => failedOutcome(operation, problem))
        .flatMap((outcome, index): unknown[] =>
          outcome.op === 'launch'
            ? outcome.failed.map(({ id }) => ({
                task: id,
                state: 'TASK_DROPPED',
                reason: 'REASON_INVALID_OFFERS',
              }))
            : [{ operation: operations[index]!.type, state: 'OPERATION_ERROR', reason: code }],
        ),
    }
  }
  const list = offerIds.map(id => known.get(id)!)
  const offered = list.reduce((sum, offer) => sum.plus(offer.resources), ResourceSet.empty)
  const { role, agent } = list[0]!
  const plan = planAccept({ offered, role, agent: agent.id, hasTask: () => false }, ours)
  const launched = plan.launches.reduce((sum, { take }) => sum.plus(take), ResourceSet.empty)
  return {
    agent: agent.id,
    events: eventsOf(plan, operations),
    launched: theirResources(launched),
    recoveredWithoutFilter: theirResources(plan.converted),
    implicitlyDeclined: theirResources(plan.declined),
  }
}

function eventsOf({ outcomes }: AcceptPlan, operations: readonly CaseOperation[]): readonly unknown[] {
  return outcomes.flatMap((outcome, index): unknown[] => {
    const { type, tasks = [] } = operations[index]!
    if (outcome.op === 'launch') {
      // Outcomes name tasks by id, and ids repeat here: take them in order.
      const launched = [...outcome.launched]
      const failed = [...outcome.failed]
      return tasks.map(({ id }) => {
        if (launched[0] === id) return { task: launched.shift(), state: 'TASK_STAGING' }
        return taskError(id, 'REASON_TASK_INVALID', failed.shift()!.problem.code)
      })
    }
    if (outcome.op === 'launchGroup')
      return tasks.map(({ id }) =>
        outcome.problem === undefined
          ? { task: id, state: 'TASK_STAGING' }
          : taskError(id, 'REASON_TASK_GROUP_INVALID', String(outcome.problem.params?.['cause'])),
      )
    return outcome.problem === undefined
      ? [{ operation: type, state: 'APPLIED' }]
      : [{ operation: type, state: 'OPERATION_ERROR', reason: constantCase(outcome.problem.code) }]
  })
}

function taskError(task: string, reason: string, code: string): unknown {
  return { task, state: 'TASK_ERROR', reason, error: TASK_PROBLEMS[code] }
}

function ourOperation({
  type,
  tasks = [],
  executor,
  resources: list = [],
  volume,
  addition,
}: CaseOperation): Operation {
  const one = (theirs: CaseResource | undefined): ResourceSet => ourSet(theirs === undefined ? [] : [theirs])
  const specs = tasks.map(({ id, agent, resources: taken }) => ({
    id,
    agent,
    need: {},
    ...(taken.length > 0 && { take: ourSet(taken) }),
  }))
  const overhead = (executor?.resources ?? []).map(({ name, value }): [string, number] => [name, value ?? 0])
  switch (type) {
    case 'LAUNCH':
      return { op: 'launch', tasks: specs }
    case 'LAUNCH_GROUP':
      return { op: 'launchGroup', tasks: specs, overhead: Object.fromEntries(overhead) satisfies Quantities }
    case 'RESERVE':
      return { op: 'reserve', resources: ourSet(list) }
    case 'UNRESERVE':
      return { op: 'unreserve', resources: ourSet(list) }
    default:
      return { op: 'grow', volume: one(volume), addition: one(addition) }
  }
}

function ownedOffers(offers: Readonly<Record<string, CaseOffer>>): ReadonlyMap<string, OwnedOffer> {
  return new Map(
    Object.entries(offers).map(([id, { framework, role, agent, resources: list }]) => [
      id,
      {
        id,
        framework,
        role,
        agent: { id: agent, resources: ResourceSet.empty },
        resources: ourSet(list),
        grantId: 0,
      },
    ]),
  )
}
