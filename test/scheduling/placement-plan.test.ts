import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Scheduler } from '../../src/scheduling/index.js'
import { applyPlan, createScheduler, planPlacements } from '../../src/scheduling/index.js'

function cluster(cpus: readonly number[]): Scheduler {
  const scheduler = createScheduler()
  for (const [index, cpu] of cpus.entries()) scheduler.addNode({ name: `n${index}`, allocatable: { cpu } })
  return scheduler
}

const usedOn = (scheduler: Scheduler, name: string): number =>
  scheduler.tasksOn(name).reduce((sum, { requests = {} }) => sum + (requests['cpu'] ?? 0), 0)

describe('plans of several planners', () => {
  const requests = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })

  test.each([false, true])(
    'whatever they planned at a time: a node holds or loses all, none has too much; atomic %s',
    atomic => {
      fc.assert(
        fc.property(fc.array(requests, { minLength: 2, maxLength: 4 }), planners => {
          const cpus = [4, 5]
          const scheduler = cluster(cpus)
          const plans = planners.map((sizes, planner) =>
            planPlacements(
              scheduler,
              sizes.map((cpu, index) => ({ key: `${planner}-${index}`, requests: { cpu } })),
            ),
          )
          const used = cpus.map(() => 0)
          for (const plan of plans) {
            // The slow way: what each node is asked for by the plan fits as a whole, or not.
            const asked = cpus.map((_, node) =>
              plan.placements
                .filter(one => one.node === `n${node}`)
                .reduce((sum, { request }) => sum + (request.requests?.['cpu'] ?? 0), 0),
            )
            const holds = cpus.map((cpu, node) => (used[node] ?? 0) + (asked[node] ?? 0) <= cpu)
            const expected = plan.placements.filter(({ node }) =>
              atomic ? holds.every(Boolean) : holds[Number(node.slice(1))],
            )
            const { committed, conflicts } = applyPlan(scheduler, plan, { atomic })
            expect(committed).toEqual(expected.map(({ request }) => request.key))
            expect(committed.length + conflicts.length).toBe(plan.placements.length)
            const causes = conflicts.flatMap(({ reasons }) => reasons.map(({ code }) => code))
            expect(causes.length > 0).toBe(conflicts.length > 0)
            expect(causes.every(code => code === 'InsufficientResource')).toBe(true)
            for (const [node, cpu] of cpus.entries()) {
              used[node] = usedOn(scheduler, `n${node}`)
              expect(used[node]).toBeLessThanOrEqual(cpu)
            }
          }
        }),
        { numRuns: 60, seed: 3 },
      )
    },
  )

  test('what fits only beside a task that is taken back is taken back with it', () => {
    const scheduler = createScheduler()
    for (const name of ['n1', 'n2'])
      scheduler.addNode({ name, labels: { zone: 'a' }, allocatable: { cpu: 4 } })
    const affinity = [
      { kind: 'affinity', attribute: 'zone', labelSelector: { matchLabels: { app: 'db' } } },
    ] as const
    const plan = {
      placements: [
        { request: { key: 'db', labels: { app: 'db' }, requests: { cpu: 1 } }, node: 'n1', nodeVersion: 0 },
        { request: { key: 'web', affinity }, node: 'n2', nodeVersion: 0 },
        { request: { key: 'other', requests: { cpu: 4 } }, node: 'n1', nodeVersion: 0 },
      ],
      unschedulable: [],
    }
    expect(applyPlan(scheduler, plan).committed).toEqual([])
    expect(scheduler.taskCount).toBe(0)
  })

  test('devices that a plan gave are not given again', () => {
    const scheduler = createScheduler()
    const devices = ['0', '1'].map(id => ({ kind: 'gpu', id }))
    scheduler.addNode({ name: 'n', allocatable: {}, devices })
    const ask = (key: string) => ({ key, devices: [{ kind: 'gpu' }] })
    applyPlan(scheduler, planPlacements(scheduler, [ask('a'), ask('b')]))
    expect(['a', 'b'].map(key => scheduler.task(key)?.held)).toEqual([
      [{ kind: 'gpu', ids: ['0'] }],
      [{ kind: 'gpu', ids: ['1'] }],
    ])
    expect(scheduler.fitsAnywhere(ask('c'))).toBe(false)
  })

  test('a conflict says which filter refuses, that the node is gone, or that the task is placed already', () => {
    const scheduler = cluster([4, 4])
    const plan = planPlacements(scheduler, [
      { key: 'a', requests: { cpu: 4 } },
      { key: 'b', requests: { cpu: 4 } },
    ])
    expect(applyPlan(scheduler, plan).committed).toEqual(['a', 'b'])
    scheduler.removeTask('b')
    scheduler.removeNode(plan.placements[1]?.node ?? '')
    const codes = applyPlan(scheduler, plan).conflicts.flatMap(({ reasons }) =>
      reasons.map(({ code }) => code),
    )
    expect(codes).toEqual(['AlreadyPlaced', 'NodeGone'])
  })
})

describe('a plan that holds on unchanged nodes only', () => {
  const plans = fc.array(
    fc.record({
      cpus: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      isTried: fc.boolean(),
    }),
    { minLength: 2, maxLength: 5 },
  )

  test('of planners at one time the first to touch a node has it, whatever the others only tried', () => {
    fc.assert(
      fc.property(plans, fc.boolean(), (planners, atomic) => {
        const scheduler = cluster([20, 20, 20])
        const planned = planners.map(({ cpus, isTried }, planner) => {
          const requests = cpus.map((cpu, index) => ({ key: `${planner}-${index}`, requests: { cpu } }))
          // What is tried on a copy, and dropped, changes nothing for others.
          if (isTried)
            applyPlan(scheduler.fork(), planPlacements(scheduler, requests), { holds: 'unchanged' })
          return planPlacements(scheduler, requests)
        })
        const touched = new Set<string>()
        for (const plan of planned) {
          const isLost = atomic && plan.placements.some(({ node }) => touched.has(node))
          const kept = plan.placements.filter(({ node }) => !isLost && !touched.has(node))
          const { committed, conflicts } = applyPlan(scheduler, plan, { atomic, holds: 'unchanged' })
          expect(committed).toEqual(kept.map(({ request }) => request.key))
          const codes = new Set(conflicts.flatMap(({ reasons }) => reasons.map(({ code }) => code)))
          expect([...codes]).toEqual(conflicts.length === 0 ? [] : ['NodeChanged'])
          for (const { node } of kept) touched.add(node)
        }
      }),
      { numRuns: 40, seed: 5 },
    )
  })

  test('a node that is gone is said to be gone', () => {
    const scheduler = cluster([4])
    const plan = planPlacements(scheduler, [{ key: 'a' }])
    scheduler.removeNode('n0')
    expect(applyPlan(scheduler, plan, { holds: 'unchanged' }).conflicts[0]?.reasons[0]?.code).toBe('NodeGone')
  })

  test('it says which option is not acceptable', () => {
    const plan = { placements: [], unschedulable: [] }
    expect(() => applyPlan(cluster([]), plan, { holds: 'maybe' as never })).toThrow(
      /must be fits or unchanged/,
    )
  })
})

test('the version of a node is the same again when a copy of the scheduler is dropped, and no other has it', () => {
  const step = fc.record({
    fork: fc.boolean(),
    key: fc.constantFrom('a', 'b'),
    node: fc.constantFrom('n0', 'n1'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      const scheduler = cluster([9, 9])
      const seen = new Map<string, string>()
      const note = (one: Scheduler): void => {
        for (const name of ['n0', 'n1']) {
          const version = `${name} ${one.nodeVersion(name)}`
          const state = JSON.stringify(one.tasksOn(name).map(({ key }) => key))
          expect(seen.get(version) ?? state).toBe(state)
          seen.set(version, state)
        }
      }
      for (const { fork, key, node } of steps) {
        const before = [scheduler.nodeVersion('n0'), scheduler.nodeVersion('n1')]
        const one = fork ? scheduler.fork() : scheduler
        one.addTask({ key, node })
        note(one)
        if (fork) expect([scheduler.nodeVersion('n0'), scheduler.nodeVersion('n1')]).toEqual(before)
        note(scheduler)
      }
    }),
    { numRuns: 60, seed: 7 },
  )
})
