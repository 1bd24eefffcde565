import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PreemptionStrategy, Scheduler, TaskPlacement } from '../../src/scheduling/index.js'
import {
  createScheduler,
  kubernetesPreemption,
  nativePreemption,
  nomadPreemption,
  packProfile,
  planPreemption,
} from '../../src/scheduling/index.js'
import type { PlainChoice, PlainCluster, PlainNode, PlainTask } from './victims-by-hand.js'
import {
  cheapestVictims,
  fitsBeside,
  hasVictimsWithin,
  victimsOfKubernetes,
  victimsOfNomad,
} from './victims-by-hand.js'

const RUNS = Number(process.env['SCHEDULING_RUNS'] ?? 3) * 5
const BUDGETS = ['p', 'q']

const nodeArbitrary = fc.record({
  cpu: fc.integer({ min: 20, max: 60 }),
  memory: fc.integer({ min: 20, max: 60 }),
  pods: fc.oneof({ weight: 3, arbitrary: fc.constant(9) }, fc.integer({ min: 1, max: 4 })),
  zone: fc.constantFrom('x', 'y', 'z'),
  gpus: fc.constantFrom([], [], ['g0'], ['g0', 'g1']),
})

const taskArbitrary = fc.record({
  cpu: fc.integer({ min: 0, max: 20 }),
  memory: fc.integer({ min: 0, max: 20 }),
  priority: fc.constantFrom(0, 0, 5, 12, 20),
  group: fc.constantFrom('a', 'b', 'c'),
  apart: fc.constantFrom(undefined, undefined, undefined, undefined, 'zone' as const, 'hostname' as const),
  port: fc.option(
    fc.record({ port: fc.constantFrom(80, 443), ip: fc.constantFrom('0.0.0.0', '10.0.0.1', '10.0.0.2') }),
    {
      nil: undefined,
      freq: 3,
    },
  ),
  gpu: fc.constantFrom(undefined, undefined, 'g0', 'g1'),
  budget: fc.constantFrom(undefined, undefined, ...BUDGETS),
  startedAtMs: fc.nat(3),
})

const clusterArbitrary: fc.Arbitrary<PlainCluster> = fc
  .array(fc.tuple(nodeArbitrary, fc.array(taskArbitrary, { maxLength: 8 }), fc.nat(9)), {
    minLength: 3,
    maxLength: 6,
  })
  .map(parts => {
    const nodes = parts.map(([node], at): PlainNode => ({ name: `n${at}`, ...node }))
    const tasks = parts.flatMap(([, placed, hold], at) => [
      ...placed.map(
        (one, index): PlainTask => ({ ...one, key: `t${at}${index}`, node: `n${at}`, heldFor: undefined }),
      ),
      ...(hold > 3 ? [] : [roomOn(`n${at}`, hold === 0 ? 'asked' : hold === 1 ? 't00' : 'nobody')]),
    ])
    return { nodes, tasks }
  })

function roomOn(node: string, heldFor: string): PlainTask {
  return {
    key: `r-${node}`,
    node,
    cpu: 6,
    memory: 4,
    priority: 0,
    group: '',
    apart: undefined,
    port: { port: 443, ip: '0.0.0.0' },
    gpu: 'g0',
    budget: undefined,
    startedAtMs: 0,
    heldFor,
  }
}

function schedulerOf({ nodes, tasks }: PlainCluster): Scheduler {
  const scheduler = createScheduler({ profile: packProfile() })
  for (const { name, cpu, memory, pods, zone, gpus } of nodes)
    scheduler.addNode({
      name,
      labels: { zone },
      allocatable: { cpu, memory, pods },
      devices: gpus.map(id => ({ kind: 'gpu', id })),
    })
  for (const one of tasks) {
    const placed = placementOf(one)
    if (one.heldFor === undefined) scheduler.addTask(placed)
    else {
      const { node, requests = {}, hostPorts = [], held = [] } = placed
      scheduler.reserve({ name: one.key, forKey: one.heldFor, node, requests, hostPorts, held })
    }
  }
  return scheduler
}

function placementOf(one: PlainTask): TaskPlacement {
  const { key, node, cpu, memory, priority, group, apart, port, gpu, startedAtMs } = one
  return {
    key,
    node,
    requests: { cpu, memory },
    priority,
    group,
    startedAtMs,
    ...(apart === undefined ? {} : { affinity: [{ kind: 'antiAffinity', attribute: apart }] }),
    ...(port === undefined ? {} : { hostPorts: [port] }),
    ...(gpu === undefined ? {} : { devices: [{ kind: 'gpu' }], held: [{ kind: 'gpu', ids: [gpu] }] }),
  }
}

const askedArbitrary: fc.Arbitrary<PlainTask> = fc
  .tuple(
    taskArbitrary,
    fc.integer({ min: 0, max: 45 }),
    fc.integer({ min: 0, max: 45 }),
    fc.constantFrom(1, 6, 15, 30),
  )
  .map(([one, cpu, memory, priority]) => ({
    ...one,
    cpu,
    memory,
    priority,
    key: 'asked',
    node: '',
    heldFor: undefined,
  }))

/** What the plan of the library is, in the words of the model. */
function planned(
  cluster: PlainCluster,
  one: PlainTask,
  strategy: PreemptionStrategy,
  budgets: 'hard' | 'soft',
  allowed: ReadonlyMap<string, number>,
): { readonly node: string; readonly victims: readonly string[] } | undefined {
  const { node: _, held: __, ...request } = placementOf(one)
  const byKey = new Map(cluster.tasks.map(task => [task.key, task]))
  const plan = planPreemption(schedulerOf(cluster), request, {
    strategy,
    budgets,
    budgetsOf: ({ key }) => {
      const name = byKey.get(key)?.budget
      return name === undefined ? [] : [{ name, allowed: allowed.get(name) as number }]
    },
  })
  if (plan.kind !== 'preempt') return undefined
  return { node: plan.node, victims: plan.victims.map(({ key }) => key).sort() }
}

const allowedArbitrary = fc
  .tuple(fc.nat(3), fc.nat(3))
  .map(counts => new Map(BUDGETS.map((name, at) => [name, counts[at] ?? 0])))

function isFull({ nodes, ...rest }: PlainCluster, one: PlainTask): boolean {
  return !nodes.some(node => fitsBeside({ nodes, ...rest }, one, node))
}

test.each(['hard', 'soft'] as const)('native victims are the cheapest of all sets, budgets %s', budgets => {
  fc.assert(
    fc.property(clusterArbitrary, askedArbitrary, allowedArbitrary, (cluster, one, allowed) => {
      fc.pre(isFull(cluster, one))
      const wanted = cheapestVictims(cluster, one, allowed, budgets)
      fc.pre(wanted !== 'large')
      const found = planned(cluster, one, nativePreemption, budgets, allowed)
      expect(found?.node).toBe(wanted?.node)
      if (found !== undefined) expect((wanted as PlainChoice).sets).toContainEqual(found.victims)
    }),
    { numRuns: RUNS },
  )
})

test('victims as kube-scheduler chooses them', () => {
  fc.assert(
    fc.property(clusterArbitrary, askedArbitrary, allowedArbitrary, (cluster, one, allowed) => {
      fc.pre(isFull(cluster, one))
      const found = planned(cluster, one, kubernetesPreemption, 'soft', allowed)
      expect(found).toEqual(shortly(victimsOfKubernetes(cluster, one, allowed)))
    }),
    { numRuns: RUNS },
  )
})

test('victims as Nomad chooses them', () => {
  fc.assert(
    fc.property(clusterArbitrary, askedArbitrary, (cluster, one) => {
      fc.pre(isFull(cluster, one))
      const found = planned(cluster, one, nomadPreemption, 'soft', new Map(BUDGETS.map(name => [name, 0])))
      expect(found).toEqual(shortly(victimsOfNomad(cluster, one)))
    }),
    { numRuns: RUNS },
  )
})

test.each([
  ['kube-scheduler', kubernetesPreemption, 1],
  ['Nomad', nomadPreemption, 10],
] as const)(
  'under hard budgets %s finds victims where there are some, and goes beyond none',
  (_, strategy, gap) => {
    fc.assert(
      fc.property(clusterArbitrary, askedArbitrary, allowedArbitrary, (cluster, one, allowed) => {
        fc.pre(isFull(cluster, one))
        const found = planned(cluster, one, strategy, 'hard', allowed)
        expect(found !== undefined).toBe(hasVictimsWithin(cluster, one, allowed, gap))
        for (const [name, most] of allowed) {
          const going = cluster.tasks.filter(
            ({ key, budget }) => budget === name && found?.victims.includes(key),
          )
          expect(going.length).toBeLessThanOrEqual(most)
        }
      }),
      { numRuns: RUNS },
    )
  },
)

test('where the victims of kube-scheduler go beyond a hard budget, others of the node that do not are taken', () => {
  const scheduler = createScheduler({ profile: packProfile() })
  scheduler.addNode({ name: 'n', allocatable: { cpu: 6 } })
  // kube-scheduler lets the important one back in, and needs the two others, of which only one may go.
  for (const [key, cpu, priority] of [
    ['important', 3, 2],
    ['a', 2, 1],
    ['b', 1, 0],
  ] as const)
    scheduler.addTask({ key, node: 'n', priority, requests: { cpu } })
  const plan = planPreemption(
    scheduler,
    { key: 'asked', priority: 9, requests: { cpu: 3 } },
    { strategy: kubernetesPreemption, budgetsOf: () => [{ name: 'p', allowed: 1 }] },
  )
  expect(plan).toMatchObject({ kind: 'preempt', victims: [{ key: 'important' }], violations: 0 })
})

function shortly<T extends { readonly node: string; readonly victims: readonly string[] }>(
  choice: T | undefined,
): { readonly node: string; readonly victims: readonly string[] } | undefined {
  return choice === undefined ? undefined : { node: choice.node, victims: choice.victims }
}

test('whom a task on another node keeps away is known after the search has tried it without that task', () => {
  const scheduler = createScheduler({ profile: packProfile() })
  for (const name of ['n0', 'n1'])
    scheduler.addNode({ name, labels: { zone: 'z' }, allocatable: { cpu: 20 } })
  const affinity = [{ kind: 'antiAffinity', attribute: 'zone' }] as const
  scheduler.addTask({ key: 'alone', node: 'n0', group: 'b', affinity })
  scheduler.addTask({ key: 'beside', node: 'n0', requests: { cpu: 1 } })
  scheduler.addTask({ key: 'other', node: 'n1', requests: { cpu: 20 } })
  const plan = planPreemption(
    scheduler,
    { key: 'asked', group: 'b', priority: 1, requests: { cpu: 1 } },
    {
      strategy: kubernetesPreemption,
      budgets: 'soft',
      budgetsOf: ({ key }) => (key === 'alone' ? [{ name: 'p', allowed: 0 }] : []),
    },
  )
  // Without `other` there would be room on n1, and `alone` would still keep it away.
  expect(plan).toMatchObject({ kind: 'preempt', node: 'n0', victims: [{ key: 'alone' }] })
})

test('of 20 candidates whose sizes all differ, no more go than must', () => {
  const sizes = Array.from({ length: 20 }, (_, at) => ({
    cpu: 1 + ((at * 37) % 29),
    memory: 1 + ((at * 53 + 7) % 31),
  }))
  const total = (of: 'cpu' | 'memory'): number => sizes.reduce((sum, one) => sum + one[of], 0)
  const allocatable = { cpu: total('cpu'), memory: total('memory') }
  const requests = { cpu: Math.floor(allocatable.cpu * 0.7), memory: Math.floor(allocatable.memory * 0.7) }
  const scheduler = createScheduler()
  scheduler.addNode({ name: 'n', allocatable })
  for (const [at, one] of sizes.entries()) scheduler.addTask({ key: `t${at}`, node: 'n', requests: one })
  const plan = planPreemption(scheduler, { key: 'asked', priority: 1, requests })
  expect(plan.kind === 'preempt' && plan.victims.length).toBe(fewestOf(sizes, requests))
})

/** Over all sets: of the first so many tasks, how few come to so much of both. */
function fewestOf(
  sizes: readonly { readonly cpu: number; readonly memory: number }[],
  wanted: { readonly cpu: number; readonly memory: number },
): number {
  // By what is freed of both, as one number: how few free it.
  const width = wanted.memory + 1
  let sets = new Map<number, number>([[0, 0]])
  for (const { cpu, memory } of sizes) {
    const next = new Map(sets)
    for (const [freed, count] of sets) {
      const cpuFreed = Math.min(wanted.cpu, Math.floor(freed / width) + cpu)
      const sum = cpuFreed * width + Math.min(wanted.memory, (freed % width) + memory)
      if (count + 1 < (next.get(sum) ?? Number.POSITIVE_INFINITY)) next.set(sum, count + 1)
    }
    sets = next
  }
  return sets.get(wanted.cpu * width + wanted.memory) ?? Number.NaN
}
