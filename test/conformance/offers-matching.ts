import { compileConstraint } from '../../src/core/constraints/constraints.js'
import type { AttributeValue } from '../../src/core/index.js'
import {
  compileConstraints,
  countSiblings,
  isKeelsonError,
  marathonConstraint,
  mesosConstraint,
} from '../../src/core/index.js'
import type { SiblingView } from '../../src/core/internal.js'
import type { Offer, Quantities, TaskState } from '../../src/offers/index.js'
import {
  killOrder,
  LaunchBackoff,
  LevelDelay,
  matchOffers,
  resources,
  SkipDelay,
  unreachableVerdict,
} from '../../src/offers/index.js'
import { average, usedParts } from '../../src/offers/matching/fitness.js'
import { choosePorts } from '../../src/offers/matching/port-choice.js'
import { heard, PoolWorld } from '../offers/pool-world.js'

interface ConstraintRow {
  readonly c: { readonly op: string; readonly value?: string }
  readonly offer: AttributeValue | null
  readonly placed?: readonly (AttributeValue | null)[]
  readonly instances?: number
}

interface FieldConstraint {
  readonly constraint: readonly [string, string, number]
  readonly racks: number
  readonly instances: number
}

const ATTRIBUTE = 'field'

export const matchingAnswers: Readonly<Record<string, (input: never) => unknown>> = {
  constraint: (input: { rows: ConstraintRow[] } | FieldConstraint) =>
    'rows' in input ? input.rows.map(constraintHolds) : spreadOverRacks(input),
  groupBySequence: ({ rows }: { rows: SequenceRow[] }) => rows.map(groupBySequence),
  killSelection: ({ instances, kill }: { instances: CaseInstance[]; kill: number }) => {
    const candidates = instances.map(({ id, condition, since }) => ({
      id,
      state: condition.toLowerCase() as TaskState,
      sinceMs: since * 1000,
    }))
    const first = (pick: 'youngest' | 'oldest'): readonly string[] =>
      killOrder(candidates, { pick })
        .slice(0, kill)
        .map(({ id }) => id)
    return { youngest: first('youngest'), oldest: first('oldest') }
  },
  backoff: ({ base, factor, max, failures }: BackoffInput & { failures: number }) => {
    const backoff = new LaunchBackoff({ baseMs: base * 1000, factor, maxMs: max * 1000 })
    const nanos = Array.from({ length: failures }, () => {
      backoff.failed('app', 0)
      return backoff.delayNs('app')!
    })
    return { nanos, firstAtMax: nanos.indexOf(max * 1e9) + 1 }
  },
  backoffTimeline: (input: BackoffInput & { events: { at: number; event: string }[] }) =>
    backoffTimeline(input),
  ports: ({ rows }: { rows: { ranges: [number, number][]; start: number; want: (number | null)[] }[] }) =>
    rows.map(({ ranges, start, want }) => choosePorts([ranges], want, start) ?? null),
  delaySkip: ({ jobs, slots, D }: { jobs: CaseJob[]; slots: string[]; D: number[] }) =>
    D.map(skips => delaySkip(jobs, slots, skips)),
  delayLevels: ({
    rows,
  }: {
    rows: { w1: number; w2: number; events: { at: number; locality: number }[] }[]
  }) => rows.map(delayLevels),
  fitness: ({ rows }: { rows: { free: Quantities; used: Quantities; task: Quantities }[] }) =>
    rows.map(({ free, used, task }) => {
      const parts = usedParts({ need: task, free, used })
      return { ...parts, average: average(parts) }
    }),
  offerConstraint: ({ rows }: { rows: { attribute: AttributeValue | null; predicate: CasePredicate }[] }) =>
    rows.map(({ attribute, predicate: { op, value } }) => {
      const constraint = mesosConstraint({
        attribute: ATTRIBUTE,
        predicate: op,
        ...(value !== undefined && { value }),
      })
      return compileConstraint(constraint).evaluate(attributesOf(attribute)).kind === 'satisfied'
    }),
  offerConstraintGroups: ({
    agents,
    groups,
  }: {
    agents: Record<string, Record<string, string>>
    groups: CaseGroup[][]
  }) => offeredAgents(agents, groups),
  match: ({
    offers,
    wants,
  }: {
    offers: { agent: string; cpus: number }[]
    wants: { id: string; cpus: number }[]
  }) => {
    const plan = matchOffers(
      wants.map(({ id, cpus }) => ({ id, need: { cpus } })),
      offers.map(({ agent, cpus }) => offerOf(agent, { cpus })),
    )
    return { accepts: new Set(plan.assign.map(({ offer }) => offer.id)).size, launched: plan.assign.length }
  },
  explain: ({ agents, constraint }: { agents: string[]; constraint: [string, string] }) =>
    explainUnique(agents, constraint),
  tasks: (input: TasksInput) => unreachableAndBack(input),
}

interface CaseInstance {
  readonly id: string
  readonly condition: string
  readonly since: number
}

interface CasePredicate {
  readonly op: Parameters<typeof mesosConstraint>[0]['predicate']
  readonly value?: string
}

interface CaseGroup extends CasePredicate {
  readonly attr: string
}

interface BackoffInput {
  readonly base: number
  readonly factor: number
  readonly max: number
}

function attributesOf(value: AttributeValue | null): Record<string, AttributeValue> {
  return value === null ? {} : { [ATTRIBUTE]: value }
}

function viewOf(placed: readonly (AttributeValue | null)[], instances: number): SiblingView {
  return { instances, siblings: () => countSiblings(placed.map(value => value ?? undefined)) }
}

/** A constraint that is refused holds for nothing. */
function constraintHolds({ c, offer, placed = [], instances = 1 }: ConstraintRow): boolean {
  try {
    const constraint = marathonConstraint([ATTRIBUTE, c.op, ...(c.value === undefined ? [] : [c.value])] as [
      string,
      string,
    ])
    const verdict = compileConstraint(constraint).evaluate(attributesOf(offer), viewOf(placed, instances))
    return verdict.kind === 'satisfied'
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return false
    throw error
  }
}

function spreadOverRacks({ constraint: [attribute, , value], racks, instances }: FieldConstraint): unknown {
  const agents = Array.from({ length: racks }, (_, rack) => ({
    id: `a${rack}`,
    resources: resources({ cpus: instances }),
    attributes: { [attribute]: `r${rack}` },
  }))
  const offers = agents.map(agent => ({ id: `of ${agent.id}`, role: 'r', agent, resources: agent.resources }))
  const wants = Array.from({ length: instances }, (_, n) => ({
    id: `w${n}`,
    need: { cpus: 1 },
    group: 'g',
    constraints: [{ attribute, operator: 'groupBy' as const, value }],
  }))
  const { assign } = matchOffers(wants, offers)
  return { perRack: agents.map(({ id }) => assign.filter(({ offer }) => offer.agent.id === id).length) }
}

interface SequenceRow {
  readonly instances: number
  readonly value: string
  readonly cycle: readonly string[]
  readonly rounds: number
}

/** Offers in a cycle until all instances are placed or the rounds are over. */
function groupBySequence({ instances, value, cycle, rounds }: SequenceRow): unknown {
  const constraint = compileConstraint(marathonConstraint([ATTRIBUTE, 'GROUP_BY', value]))
  const placed: string[] = []
  const taken: boolean[] = []
  for (let round = 0; round < rounds && placed.length < instances; round++) {
    const offer = cycle[round % cycle.length]!
    const holds = constraint.evaluate({ [ATTRIBUTE]: offer }, viewOf(placed, instances)).kind === 'satisfied'
    if (holds) placed.push(offer)
    taken.push(holds)
  }
  return { taken, counts: Object.fromEntries(countSiblings(placed).counts) }
}

function backoffTimeline({
  base,
  factor,
  max,
  events,
}: BackoffInput & { events: { at: number; event: string }[] }): unknown {
  const backoff = new LaunchBackoff({ baseMs: base * 1000, factor, maxMs: max * 1000 })
  return events.map(({ at, event }) => {
    const nowMs = at * 1000
    if (['FAILED', 'FINISHED', 'DROPPED', 'ERROR', 'GONE'].includes(event)) backoff.failed('app', nowMs)
    else if (['STAGING', 'STARTING', 'RUNNING'].includes(event)) backoff.progressed('app', nowMs)
    else if (event === 'CLEANUP') backoff.sweep(nowMs)
    else if (event === 'DRAINED' || event === 'NEW_VERSION') backoff.reset('app')
    else if (event !== 'KILLED') throw new Error(`unknown event ${event}`)
    const delay = backoff.delayNs('app')
    return {
      at,
      delay: delay === undefined ? null : delay / 1e9,
      launchAllowedAt: backoff.readyAtMs('app', nowMs) / 1000,
    }
  })
}

interface CaseJob {
  readonly name: string
  readonly tasks: readonly { readonly id: number; readonly nodes: readonly string[] }[]
}

/** At each free slot the jobs are asked in the order of running tasks, then of names. */
function delaySkip(jobs: readonly CaseJob[], slots: readonly string[], skipsMax: number): unknown {
  const delay = new SkipDelay(skipsMax)
  const states = jobs.map(job => ({ name: job.name, tasks: [...job.tasks], running: 0 }))
  return slots.map(node => {
    const order = states.toSorted((a, b) => a.running - b.running || (a.name < b.name ? -1 : 1))
    for (const state of order) {
      if (state.tasks.length === 0) continue
      const at = Math.max(
        0,
        state.tasks.findIndex(({ nodes }) => nodes.includes(node)),
      )
      const local = state.tasks[at]!.nodes.includes(node)
      const skip = delay.skips(state.name)
      if (!delay.offer(state.name, local)) continue
      const [task] = state.tasks.splice(at, 1)
      state.running++
      return { node, job: state.name, task: task!.id, local, skip }
    }
    return { node, job: null }
  })
}

function delayLevels({
  w1,
  w2,
  events,
}: {
  w1: number
  w2: number
  events: { at: number; locality: number }[]
}): unknown {
  const delay = new LevelDelay([
    { name: 'node', waitMs: w1 * 1000 },
    { name: 'rack', waitMs: w2 * 1000 },
  ])
  return events.map(({ at, locality }) => {
    const accepted = locality <= delay.level('job', at * 1000)
    if (accepted) delay.launched('job', locality, at * 1000)
    return { at, accepted, levelAfter: delay.level('job', at * 1000) }
  })
}

/** Which agents a pool offers to a framework with these groups of constraints. */
function offeredAgents(
  agents: Readonly<Record<string, Record<string, string>>>,
  groups: readonly CaseGroup[][],
): unknown {
  const world = new PoolWorld()
  for (const [id, attributes] of Object.entries(agents))
    world.pool.agent({ id, attributes, resources: resources({ cpus: 1 }) })
  const constraints = groups.map(group =>
    group.map(({ attr, op, value }) =>
      mesosConstraint({ attribute: attr, predicate: op, ...(value !== undefined && { value }) }),
    ),
  )
  for (const group of constraints) compileConstraints(group)
  const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', constraints }] })
  world.pool.step()
  const offered = heard(session).offers.map(({ agent }) => agent.id)
  return Object.fromEntries(Object.keys(agents).map(id => [id, offered.includes(id)]))
}

function offerOf(agent: string, amounts: Quantities): Offer {
  const set = resources(amounts)
  return { id: `of ${agent}`, role: 'r', agent: { id: agent, host: agent, resources: set }, resources: set }
}

/** One instance runs on the only agent, and its successor must be on another one. */
function explainUnique(agents: readonly string[], [field, operator]: readonly [string, string]): unknown {
  const offers = agents.map(agent => offerOf(agent, { cpus: 1 }))
  const placed = [{ group: 'app', agent: offers[0]!.agent }]
  const want = {
    id: 'w',
    need: { cpus: 1 },
    group: 'app',
    constraints: [marathonConstraint([field, operator])],
  }
  const [unmatched] = matchOffers([want], offers, { placed }).unmatched
  const [first] = unmatched!.reasons.reasons
  return { reason: first!.code, counts: { [first!.code]: first!.count }, helps: unmatched!.helps }
}

interface TasksInput {
  readonly task: string
  readonly unreachableAtMs: number
  readonly inactiveAfterMs: number
  readonly backAtMs: number
}

/** A framework with one instance, whose agent goes away and comes back. */
async function unreachableAndBack({
  task,
  unreachableAtMs,
  inactiveAfterMs,
  backAtMs,
}: TasksInput): Promise<unknown> {
  const world = new PoolWorld()
  const first = world.agent('a1', 'cpus:1')
  const second = world.agent('a2', 'cpus:1')
  const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
  world.pool.step()
  const launch = (id: string) => ({ op: 'launch' as const, tasks: [{ id, need: { cpus: 1 } }] })
  const { offers } = heard(session)
  await session.accept(offers.slice(0, 1), [launch(task)])
  first.report(session.id, { task, state: 'running' })
  for (const { ack } of heard(session).updates) ack()
  const updates: string[] = []
  let replacements = 0
  const listen = async (): Promise<void> => {
    for (const { update, ack } of heard(session).updates) {
      ack()
      if (update.task !== task) continue
      updates.push(update.state)
      if (update.state !== 'unreachable') continue
      if (unreachableVerdict(world.nowMs - unreachableAtMs, { inactiveAfterMs }) === 'wait') continue
      replacements++
      await session.accept(offers.slice(1), [launch(`${task}-2`)])
      second.report(session.id, { task: `${task}-2`, state: 'running' })
    }
  }
  await world.stepAt(unreachableAtMs)
  first.unreachable()
  await listen()
  await listen()
  await world.stepAt(backAtMs)
  first.reachable([{ framework: session.id, task }])
  await listen()
  const running = session.reconcile().filter(({ state }) => state === 'running')
  const surplus = killOrder(
    running.map(({ task: id, state }) => ({ id, state, sinceMs: id === task ? backAtMs : unreachableAtMs })),
  ).slice(1)
  for (const { id } of surplus) session.kill(id)
  return {
    updates,
    replacements,
    killedAfterReturn: world.calls.filter(({ call }) => call === 'kill').length,
    running: session.reconcile().filter(({ state }) => state === 'running').length,
  }
}
