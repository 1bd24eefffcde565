import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlacementRequest, PreemptionStrategy, Scheduler } from '../../src/scheduling/index.js'
import {
  createScheduler,
  kubernetesPreemption,
  nativePreemption,
  nomadPreemption,
  packProfile,
  planPreemption,
} from '../../src/scheduling/index.js'
import { NodeHoldings } from '../../src/scheduling/preemption/node-holdings.js'
import { VictimBounds } from '../../src/scheduling/preemption/victim-bounds.js'
import { partsOf } from '../../src/scheduling/scheduler.js'
import { findsAnother, preemptByOracle } from './preemption-oracle.js'

const NODES = ['n0', 'n1', 'n2', 'n3', 'n4']

const nodeName = fc.constantFrom(...NODES)
const priority = fc.constantFrom(0, 0, 0, 1, 5, 20)
const requests = fc.record({ cpu: fc.integer({ min: 5, max: 25 }), memory: fc.nat(20) })
const task = fc.record({
  node: nodeName,
  requests: fc.oneof(requests, fc.constantFrom({ cpu: 10, memory: 5 }, { cpu: 20, memory: 20 })),
  priority,
  group: fc.constantFrom('a', 'b'),
  affinity: fc.constantFrom([], [], [], [{ kind: 'antiAffinity' as const, attribute: 'hostname' }]),
})
const request: fc.Arbitrary<Omit<PlacementRequest, 'key'>> = fc.oneof(
  fc.record({
    requests: fc.record({ cpu: fc.integer({ min: 10, max: 60 }), memory: fc.nat(60) }),
    priority: fc.constantFrom(1, 10, 30),
  }),
  fc.record({
    requests: fc.constant({ cpu: 40, memory: 30 }),
    priority: fc.constant(10),
    hostPorts: fc.constantFrom([], [{ port: 80 }]),
  }),
)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), task }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), which: fc.nat(60) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('node' as const), name: nodeName, cpu: fc.nat(90) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      node: nodeName,
      for: fc.nat(60),
      cpu: fc.nat(30),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('preempt' as const), request }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const STRATEGIES: Readonly<Record<string, PreemptionStrategy>> = {
  native: nativePreemption,
  kubernetes: kubernetesPreemption,
  nomad: nomadPreemption,
}

/** Full nodes to start with: few requests fit before somebody goes. */
function clusterOf(tasks: readonly (typeof task extends fc.Arbitrary<infer T> ? T : never)[]): Scheduler {
  const scheduler = createScheduler({ profile: packProfile() })
  for (const [at, name] of NODES.entries())
    scheduler.addNode({ name, allocatable: { cpu: 70, memory: 90, pods: 5 + at } })
  for (const [at, one] of tasks.entries()) scheduler.addTask({ ...one, key: `t${at}`, startedAtMs: at })
  return scheduler
}

function change(scheduler: Scheduler, one: Exclude<Step, { kind: 'preempt' }>, at: number): void {
  switch (one.kind) {
    case 'add':
      return scheduler.addTask({ ...one.task, key: `s${at}`, startedAtMs: at })
    case 'drop':
      return void scheduler.removeTask(`t${one.which}`)
    case 'node': {
      const known = scheduler.node(one.name)
      if (known === undefined)
        scheduler.addNode({ name: one.name, allocatable: { cpu: one.cpu, memory: 90 } })
      else if (one.cpu % 3 === 0) scheduler.removeNode(one.name)
      else scheduler.updateNode({ ...known, allocatable: { cpu: one.cpu, memory: 90, pods: 9 } })
      return
    }
    case 'hold': {
      const { node, cpu } = one
      return scheduler.reserve({ name: `r${at}`, node, forKey: `t${one.for}`, requests: { cpu } })
    }
  }
}

test.each(Object.entries(STRATEGIES))('%s: what is known of nodes changes no plan', (_name, strategy) => {
  fc.assert(
    fc.property(
      fc.array(task, { minLength: 15, maxLength: 45 }),
      fc.array(step, { minLength: 4, maxLength: 16 }),
      fc.nat(2),
      fc.constantFrom('soft' as const, 'hard' as const),
      (tasks, steps, allowed, budgets) => {
        const scheduler = clusterOf(tasks)
        const limited = [{ name: 'b', allowed }]
        const options = {
          strategy,
          budgets,
          budgetsOf: ({ priority: own = 0 }) => (own > 0 ? limited : []),
        } as const
        for (const [at, one] of steps.entries()) {
          if (one.kind !== 'preempt') {
            change(scheduler, one, at)
            continue
          }
          const asked = { key: `q${at}`, ...one.request }
          const wanted = preemptByOracle(scheduler, asked, options)
          const plan = planPreemption(scheduler, asked, options)
          const found =
            plan.kind === 'none'
              ? undefined
              : { node: plan.node, victims: plan.victims.map(({ key }) => key) }
          expect(found).toEqual(wanted)
          if (found === undefined) continue
          for (const key of found.victims) scheduler.removeTask(key)
          scheduler.addTask({ ...asked, node: found.node })
        }
      },
    ),
    { numRuns: Number(process.env['SCHEDULING_RUNS'] ?? 4) },
  )
})

test('whether a task fits elsewhere is whether some other node would do', () => {
  fc.assert(
    fc.property(fc.array(task, { minLength: 10, maxLength: 45 }), tasks => {
      const scheduler = clusterOf(tasks)
      for (const node of NODES)
        for (const one of scheduler.tasksOn(node))
          expect(scheduler.fitsElsewhere(one.key)).toBe(findsAnother(scheduler, one))
    }),
    { numRuns: Number(process.env['SCHEDULING_RUNS'] ?? 4) },
  )
})

test('whether a victim fits elsewhere is found out without giving up the room that is held for it', () => {
  const scheduler = createScheduler()
  scheduler.addNode({ name: 'n0', allocatable: { cpu: 30 } })
  scheduler.addTask({ key: 'a', node: 'n0', requests: { cpu: 10 } })
  scheduler.addTask({ key: 'b', node: 'n0', requests: { cpu: 10 } })
  scheduler.reserve({ name: 'r', node: 'n0', forKey: 'a', requests: { cpu: 10 } })
  expect(planPreemption(scheduler, { key: 'q', priority: 1, requests: { cpu: 20 } })).toMatchObject({
    kind: 'preempt',
    victims: [{ key: 'a' }, { key: 'b' }],
  })
  expect(scheduler.task('r')).toBeDefined()
})

test('two victims that fit elsewhere are better than one that does not', () => {
  const scheduler = createScheduler()
  for (const node of ['n0', 'n1']) scheduler.addNode({ name: node, allocatable: { cpu: 20 } })
  scheduler.addNode({ name: 'n2', allocatable: { cpu: 10 } })
  scheduler.addTask({ key: 'a', node: 'n0', requests: { cpu: 20 } })
  for (const key of ['b', 'c']) scheduler.addTask({ key, node: 'n1', requests: { cpu: 10 } })
  const plan = planPreemption(scheduler, { key: 'q', priority: 1, requests: { cpu: 20 } })
  expect(plan).toMatchObject({ node: 'n1', victims: [{ key: 'b' }, { key: 'c' }] })
})

test('priorities that came and went leave nothing behind', () => {
  const scheduler = createScheduler()
  for (const node of ['n0', 'n1']) scheduler.addNode({ name: node, allocatable: { cpu: 10 } })
  const { state, classes } = partsOf(scheduler)
  const one = classes.of({ key: 'q', requests: { cpu: 10 } })
  const holdings = new NodeHoldings(state.table, state.ledger, scheduler.profile)
  const bounds = new VictimBounds(one, state.table, holdings)
  for (let priority = 0; priority < 100; priority++) {
    for (const node of ['n0', 'n1'])
      scheduler.addTask({
        key: node,
        node,
        requests: { cpu: 10 },
        priority: priority + Number(node === 'n1'),
      })
    expect([...bounds.below(1_000)].map(({ highestPriority }) => highestPriority)).toEqual([
      priority,
      priority + 1,
    ])
    expect(bounds.levelCount).toBe(2)
  }
})
