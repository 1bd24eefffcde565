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
