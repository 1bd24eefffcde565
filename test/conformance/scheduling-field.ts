import type { Task } from '../../src/api/index.js'
import { Event, Node, Task as TaskKind } from '../../src/api/index.js'
import type { BorrowingQuota } from '../../src/core/fairness/index.js'
import { createBorrowingQuota } from '../../src/core/fairness/index.js'
import { isKeelsonError } from '../../src/core/index.js'
import { createManager } from '../../src/reconcile/index.js'
import { placeGang } from '../../src/scheduling/gangs/place-gang.js'
import type {
  FilterPlugin,
  NodeDescription,
  PlacementRequest,
  Profile,
  Scheduler,
} from '../../src/scheduling/index.js'
import {
  createScheduler,
  createSchedulingController,
  kubernetesProfile,
  packProfile,
  spreadProfile,
} from '../../src/scheduling/index.js'
import { planPreemption } from '../../src/scheduling/preemption/preempt.js'
import { schedulePass } from '../../src/scheduling/queue/schedule-pass.js'
import { WaitingTasks } from '../../src/scheduling/shell/waiting-tasks.js'
import { createWorld } from '../fixtures/world.js'
import { gangOf } from './scheduling-others.js'
import { planningAnswers } from './scheduling-planning.js'

const profiles: Readonly<Record<string, () => Profile>> = {
  pack: packProfile,
  spread: spreadProfile,
  kubernetes: kubernetesProfile,
}

interface PlaceInput {
  readonly profile: string
  readonly nodes: readonly NodeDescription[]
  readonly requests: readonly PlacementRequest[]
}

/** Cases taken from public reports. An answer gets the `expect` too, for what it is asked about. */
export const fieldAnswers: Readonly<Record<string, (input: never, expected: never) => unknown>> = {
  'field.place': (input: PlaceInput, expected: { nodes?: object; perNode?: object }) => {
    const scheduler = schedulerWith(input.nodes, profiles[input.profile]?.())
    const nodes = placeAll(scheduler, input.requests)
    return {
      ...(expected.nodes === undefined ? {} : { nodes }),
      ...(expected.perNode === undefined ? {} : { perNode: perNode(scheduler, input.nodes) }),
    }
  },
  'field.badRequest': (input: { nodes: NodeDescription[]; request: PlacementRequest }) => {
    try {
      return schedulerWith(input.nodes).place(input.request)
    } catch (error) {
      if (!isKeelsonError(error, 'Invalid')) throw error
      return { code: error.code, field: error.details.problems[0]?.field }
    }
  },
  'field.topologySpread': topologySpreads,
  'field.groupBy': (input: {
    attribute: string
    operator: 'groupBy'
    nodes: NodeDescription[]
    tasks: number
    requests: Record<string, number>
  }) => {
    const { attribute, operator, nodes, tasks, requests } = input
    const scheduler = schedulerWith(nodes)
    const constraints = [{ attribute, operator }]
    placeAll(
      scheduler,
      keys(tasks).map(key => ({ key, group: 'g', instances: tasks, requests, constraints })),
    )
    return { perNode: perNode(scheduler, nodes) }
  },
  'field.drain': (input: { nodes: NodeDescription[]; place: PlacementRequest; drain: string }) => {
    const scheduler = schedulerWith(input.nodes)
    scheduler.place(input.place)
    const drained = scheduler.fork()
    const moved = drained.tasksOn(input.drain)
    drained.removeNode(input.drain)
    const stranded = moved.filter(({ node: _, ...request }) => {
      drained.removeTask(request.key)
      return drained.place(request).kind === 'unschedulable'
    })
    return { stranded: stranded.map(({ key }) => key) }
  },
  'field.reasons': (input: {
    nodes: NodeDescription[]
    unreadable: { name: string }[]
    request: PlacementRequest
  }) => {
    const scheduler = schedulerWith(input.nodes)
    for (const { name } of input.unreadable) scheduler.addNode({ name, allocatable: {}, unreadable: 'cpu' })
    const result = scheduler.place(input.request)
    if (result.kind === 'placed') return result
    const { total, reasons } = result.reasons
    return { total, codes: reasons.map(({ code }) => code).sort() }
  },
  'field.queue': boundInOrder,
  'field.preempt': preempted,
  'field.gang': (input: GangInput | BrokenGangInput) =>
    'running' in input ? gangMadeWhole(input) : gangsPlaced(input),
  'field.wake': wakesAfterLabel,
  'field.preemptLoop': preemptsOnce,
  'field.quota': availableQuota,
  'field.quotaPass': quotaPass,
  ...planningAnswers,
  'field.fifo': (input: {
    free: Record<string, number>
    queue: { id: string; wants: Record<string, number> }[]
    order: 'strict'
  }) => {
    const scheduler = schedulerWith([{ name: 'n', allocatable: input.free }])
    const queue = input.queue.map(({ id, wants }, index) => ({
      request: { key: id, requests: wants },
      createdAtMs: index,
    }))
    const { placed, waiting } = schedulePass(scheduler, queue, { order: input.order })
    return { admitted: [...placed.keys()], waits: [...waiting.keys()] }
  },
}

interface SpreadInput {
  readonly key: string
  readonly maxSkew: number
  readonly nodes?: readonly NodeDescription[]
  readonly zones?: readonly string[]
  readonly placedOldRevision?: Readonly<Record<string, number>>
  readonly tasks: number
}

/** One after the other, as siblings of one revision, by each profile that the case speaks of. */
function topologySpreads(
  input: SpreadInput,
  expected: Readonly<Record<string, { perZone?: object }>>,
): unknown {
  const { key: attribute, maxSkew, zones = [], placedOldRevision = {}, tasks } = input
  const nodes =
    input.nodes ?? zones.map(zone => ({ name: zone, labels: { zone }, allocatable: { cpu: 64_000 } }))
  return Object.fromEntries(
    Object.entries(expected).map(([name, { perZone }]) => {
      const scheduler = schedulerWith(nodes, name === 'kubernetes' ? kubernetesProfile() : packProfile())
      for (const [node, count] of Object.entries(placedOldRevision))
        for (const key of keys(count)) scheduler.addTask({ key: `old-${node}-${key}`, node, group: 'old' })
      const spread = [{ attribute, maxSkew }]
      const requests = keys(tasks).map(key => ({ key, group: 'new', spread }))
      const placed = Object.values(placeAll(scheduler, requests)).filter(node => node !== null)
      const counts = Object.fromEntries(
        nodes.map(node => [node.name, placed.filter(name => name === node.name).length]),
      )
      return [name, { placed: placed.length, [perZone === undefined ? 'perNode' : 'perZone']: counts }]
    }),
  )
}

function schedulerWith(nodes: readonly NodeDescription[], profile: Profile = spreadProfile()): Scheduler {
  const scheduler = createScheduler({ profile })
  for (const node of nodes) scheduler.addNode(node)
  return scheduler
}

function placeAll(
  scheduler: Scheduler,
  requests: readonly PlacementRequest[],
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    requests.map(request => {
      const result = scheduler.place(request)
      return [request.key, result.kind === 'placed' ? result.node : null]
    }),
  )
}

function perNode(scheduler: Scheduler, nodes: readonly { readonly name: string }[]): unknown {
  return Object.fromEntries(nodes.map(({ name }) => [name, scheduler.tasksOn(name).length]))
}

function keys(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `t${index}`)
}

interface QueueInput {
  readonly node: { readonly cpu: number }
  readonly queue: readonly { id: string; priority: number; cpu: number; createdAtMs?: number }[]
}

/** All of the queue is there when the scheduler starts. */
async function boundInOrder(input: QueueInput, expected: { attemptsPerTask?: number }): Promise<unknown> {
  const { env, store } = createWorld({ kinds: [Node, TaskKind, Event] })
  const milli = (cpu: number): string => `${cpu}m`
  await store.create(Node, { metadata: { name: 'n' }, spec: {} })
  await store.modifyStatus(Node, { name: 'n' }, draft => {
    const ready = { type: 'Ready', status: 'True' as const, reason: 'Test', message: '' }
    const conditions = [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }]
    draft.status = { allocatable: { cpu: milli(input.node.cpu) }, conditions }
  })
  const inTime = [...input.queue].sort((a, b) => (a.createdAtMs ?? 0) - (b.createdAtMs ?? 0))
  for (const { id, priority, cpu } of inTime) {
    await env.advance(1_000)
    const spec: Task['spec'] = { priority, resources: { requests: { cpu: milli(cpu) } } }
    await store.create(TaskKind, { metadata: { namespace: 'default', name: id }, spec })
  }
  const manager = createManager({ client: store.client(env) })
  manager.add(createSchedulingController())
  await env.run(() => manager.start())
  await env.settle()
  const tasks = store.list(TaskKind).items
  const bound = tasks.filter(({ spec }) => spec.nodeName !== undefined).map(({ metadata }) => metadata.name)
  const counts = store.list(Event).items.map(({ spec }) => spec.count)
  env.close()
  return {
    bound,
    ...(expected.attemptsPerTask === undefined ? {} : { attemptsPerTask: Math.max(...counts) }),
  }
}

interface PreemptInput {
  readonly preemptor: {
    readonly priority: number
    readonly cpu: number
    readonly antiAffinity?: { readonly key: string; readonly group: string }
  }
  readonly nodes: readonly {
    readonly name: string
    readonly zone?: string
    readonly cpu: number
    readonly tasks: readonly { id: string; group?: string; priority: number; cpu: number }[]
  }[]
}

function preempted({ preemptor, nodes }: PreemptInput): unknown {
  const scheduler = schedulerWith(
    nodes.map(({ name, zone, cpu }) => ({
      name,
      allocatable: { cpu },
      labels: zone === undefined ? {} : { zone },
    })),
  )
  for (const { name, tasks } of nodes)
    for (const { id, group, priority, cpu } of tasks) {
      const labels = group === undefined ? {} : { group }
      scheduler.addTask({ key: id, node: name, priority, labels, requests: { cpu } })
    }
  const { priority, cpu, antiAffinity } = preemptor
  const affinity =
    antiAffinity === undefined
      ? []
      : [
          {
            kind: 'antiAffinity' as const,
            attribute: antiAffinity.key,
            labelSelector: { matchLabels: { group: antiAffinity.group } },
          },
        ]
  const plan = planPreemption(scheduler, { key: 'p', priority, requests: { cpu }, affinity })
  return plan.kind === 'none' ? plan : { node: plan.node, victims: plan.victims.map(({ key }) => key) }
}

interface GangInput {
  readonly nodes: number
  readonly cpuEach: number
  readonly gangs?: readonly { name: string; members: number; min: number; cpu: number }[]
}

function gangsPlaced({ nodes, cpuEach, gangs = [] }: GangInput): unknown {
  const scheduler = schedulerWith(keys(nodes).map(name => ({ name, allocatable: { cpu: cpuEach } })))
  const results = gangs.map(({ cpu, ...gang }) => ({
    name: gang.name,
    result: placeGang(scheduler, gangOf({ ...gang, size: cpu })),
  }))
  const placed = Object.fromEntries(
    results.map(({ name, result }) => [name, result.kind === 'placed' ? result.nodes.size : 0]),
  )
  const [refused] = results.flatMap(({ result }) => (result.kind === 'placed' ? [] : [result]))
  return { placed, held: scheduler.taskCount, fit: refused?.fit, short: refused?.short }
}

interface BrokenGangInput {
  readonly nodes: number
  readonly cpuEach: number
  readonly running: { readonly gang: string; readonly min: number; readonly on: readonly string[] }
  readonly queue: readonly { id: string; gang?: string; priority: number; cpu: number; createdAtMs: number }[]
}

/** One member of a gang is gone; its replacement is in the queue. */
function gangMadeWhole({ nodes, cpuEach, running, queue }: BrokenGangInput): unknown {
  const names = keys(nodes).map((_, index) => `n${index + 1}`)
  const scheduler = schedulerWith(names.map(name => ({ name, allocatable: { cpu: cpuEach } })))
  for (const [index, node] of running.on.entries())
    scheduler.addTask({ key: `member-${index}`, node, requests: { cpu: cpuEach } })
  const isBelow = running.on.length < running.min
  const { placed, waiting } = schedulePass(
    scheduler,
    queue.map(({ id, gang, priority, cpu, createdAtMs }) => ({
      request: { key: id, priority, requests: { cpu } },
      createdAtMs,
      ...(gang === undefined ? {} : { gang }),
    })),
    { gangsBelowMinimum: new Set(isBelow ? [running.gang] : []) },
  )
  return { bound: Object.fromEntries(placed), waits: [...waiting.keys()] }
}

interface WakeInput {
  readonly waiting: { readonly tasks: number; readonly classes: number }
  readonly nodes: number
}

/** How often a node is looked at, and how many tasks are woken, when a label changes that nobody looks at. */
function wakesAfterLabel(
  { waiting: { tasks, classes }, nodes }: WakeInput,
  expected: { evaluationsMax: number },
): unknown {
  let evaluations = 0
  const counting: FilterPlugin = { name: 'counting', locality: 'node', filter: () => void evaluations++ }
  const profile = spreadProfile()
  const names = keys(nodes)
  const scheduler = schedulerWith(
    names.map(name => ({ name, allocatable: { cpu: 1 } })),
    { ...profile, filters: [counting, ...profile.filters] },
  )
  const waiting = new WaitingTasks({ baseMs: 100, maxMs: 1_000 })
  for (const [index, key] of keys(tasks).entries()) {
    const request = { key, requests: { cpu: 2 + (index % classes) } }
    scheduler.place(request)
    waiting.failed({ key, version: 'v', request, nowMs: 0 })
  }
  evaluations = 0
  scheduler.updateNode({ name: names[0] ?? '', allocatable: { cpu: 1 }, labels: { unrelated: 'yes' } })
  const writes = waiting.wake({ kind: 'node', node: names[0] ?? '' }, scheduler).length
  return { evaluationsMax: Math.max(evaluations, expected.evaluationsMax), writes }
}

interface QuotaInput {
  readonly tree: Readonly<
    Record<string, { parent?: string; guarantee?: number; lendingLimit?: number; borrowingLimit?: number }>
  >
  readonly usage: Readonly<Record<string, number>>
}

function quotaOf({ tree, usage }: QuotaInput): BorrowingQuota {
  const amounts = (name: string, amount: number | undefined) =>
    amount === undefined ? {} : { [name]: { cpu: amount } }
  const quota = createBorrowingQuota(
    Object.entries(tree).map(([name, { parent, guarantee, lendingLimit, borrowingLimit }]) => ({
      name,
      ...(parent === undefined ? {} : { parent }),
      ...amounts('guarantee', guarantee),
      ...amounts('lendingLimit', lendingLimit),
      ...amounts('borrowingLimit', borrowingLimit),
    })),
  )
  for (const [name, amount] of Object.entries(usage)) quota.use(name, { cpu: amount })
  return quota
}

function availableQuota(input: QuotaInput, expected: { available: Record<string, number> }): unknown {
  const quota = quotaOf(input)
  const names = Object.keys(expected.available)
  return { available: Object.fromEntries(names.map(name => [name, quota.available(name, 'cpu')])) }
}

function quotaPass(
  input: QuotaInput & { readonly pass: readonly { queue: string; asks: number }[] },
): unknown {
  const scheduler = schedulerWith([{ name: 'n', allocatable: { cpu: 1_000 } }])
  const queues = new Map(input.pass.map(({ queue }, index) => [`r${index}`, queue]))
  const queue = input.pass.map(({ asks }, index) => ({
    request: { key: `r${index}`, requests: { cpu: asks } },
    createdAtMs: index,
  }))
  const quota = quotaOf(input)
  return {
    admitted: schedulePass(scheduler, queue, { quota, queueOf: ({ key }) => queues.get(key) }).placed.size,
  }
}

interface LoopInput {
  readonly node: { readonly name: string; readonly cpu: number }
  readonly victim: { readonly id: string; readonly priority: number; readonly cpu: number }
  readonly preemptor: { readonly id: string; readonly priority: number; readonly cpu: number }
}

/** The victim comes back at once and is always tried first, as by another scheduler on the same state. */
function preemptsOnce({ node, victim, preemptor }: LoopInput): unknown {
  const scheduler = schedulerWith([{ name: node.name, allocatable: { cpu: node.cpu } }])
  const returning = (key: string) => ({ key, priority: victim.priority, requests: { cpu: victim.cpu } })
  scheduler.place(returning(victim.id))
  const request = { key: preemptor.id, priority: preemptor.priority, requests: { cpu: preemptor.cpu } }
  let evictions = 0
  let bound: string | undefined
  for (let round = 0; round < 5 && bound === undefined; round++) {
    const plan = planPreemption(scheduler, request)
    if (plan.kind === 'preempt') {
      for (const { key } of plan.victims) {
        scheduler.removeTask(key)
        evictions++
      }
      scheduler.reserve({ name: 'freed', node: plan.node, forKey: request.key, requests: request.requests })
    }
    scheduler.place(returning(`${victim.id}-${round}`))
    const result = scheduler.place(request)
    if (result.kind === 'placed') bound = result.node
  }
  return { evictions, bound: { [preemptor.id]: bound } }
}
