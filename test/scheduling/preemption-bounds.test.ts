import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlacementRequest } from '../../src/scheduling/index.js'
import { createScheduler, nativePreemption, planPreemption } from '../../src/scheduling/index.js'

const { mayBeat: _, ...exhaustive } = nativePreemption

const task = fc.record({
  node: fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n4'),
  requests: fc.record({ cpu: fc.integer({ min: 5, max: 25 }), memory: fc.nat(20) }),
  priority: fc.constantFrom(0, 0, 0, 1, 5, 20),
})
const request: fc.Arbitrary<Omit<PlacementRequest, 'key'>> = fc.record({
  requests: fc.record({ cpu: fc.integer({ min: 10, max: 60 }), memory: fc.nat(60) }),
  priority: fc.constantFrom(1, 10, 30),
})

test('nodes that cannot be better are left out, and the plan is the same', () => {
  fc.assert(
    fc.property(
      fc.array(task, { minLength: 10, maxLength: 45 }),
      request,
      fc.nat(2),
      (tasks, asked, allowed) => {
        const scheduler = createScheduler()
        for (let at = 0; at < 5; at++)
          scheduler.addNode({ name: `n${at}`, allocatable: { cpu: 70, memory: 90, pods: 5 + at } })
        for (const [at, one] of tasks.entries()) scheduler.addTask({ ...one, key: `t${at}` })
        const budgets = [{ name: 'b', allowed }]
        const options = {
          budgets: 'soft',
          budgetsOf: ({ priority = 0 }) => (priority > 0 ? budgets : []),
        } as const
        const plan = planPreemption(scheduler, { key: 'q', ...asked }, options)
        expect(plan).toEqual(
          planPreemption(scheduler, { key: 'q', ...asked }, { ...options, strategy: exhaustive }),
        )
        for (const { key, node, ...rest } of tasks.map((one, at) => ({ ...one, key: `t${at}` }))) {
          const fork = scheduler.fork()
          fork.removeTask(key)
          const found = fork.place({ ...rest, key })
          expect(scheduler.fitsElsewhere(key)).toBe(found.kind === 'placed' && found.node !== node)
        }
      },
    ),
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
