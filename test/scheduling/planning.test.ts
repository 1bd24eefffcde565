import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeededRandom } from '../../src/core/index.js'
import type { Scheduler } from '../../src/scheduling/index.js'
import { createScheduler, packProfile, spreadProfile } from '../../src/scheduling/index.js'
import type { PlannedMove } from '../../src/scheduling/planning/index.js'
import {
  azureWorkload,
  capacityFor,
  certifiedBound,
  checkCertificate,
  compareSimulations,
  findViolations,
  googleWorkload,
  gpuWorkload,
  packingBound,
  pickRemovals,
  planConsolidation,
  planRebalance,
  planRepack,
  planScaleUp,
  simulateTrace,
} from '../../src/scheduling/planning/index.js'

const sizes = fc.array(
  fc.record({ cpu: fc.integer({ min: 1, max: 6 }), memory: fc.integer({ min: 1, max: 6 }) }),
  {
    minLength: 1,
    maxLength: 14,
  },
)

function scattered(tasks: readonly Readonly<Record<string, number>>[], group?: string): Scheduler {
  const scheduler = createScheduler({ profile: spreadProfile() })
  for (let index = 0; index < 8; index++)
    scheduler.addNode({ name: `n${index}`, allocatable: { cpu: 10, memory: 10 } })
  for (const [index, requests] of tasks.entries())
    scheduler.place({
      key: `t${String(index).padStart(2, '0')}`,
      requests,
      ...(group === undefined ? {} : { group }),
    })
  return scheduler
}

/** Makes the moves one after the other; each must fit when it is its turn. */
function perform(scheduler: Scheduler, moves: readonly PlannedMove[]): void {
  for (const { key, from, to } of moves) {
    const task = scheduler.task(key)
    if (task === undefined) throw new Error(`${key} is not placed`)
    const { node, ...request } = task
    expect(node).toBe(from)
    scheduler.removeTask(key)
    expect(scheduler.fits(request, to), `${key} to ${to}`).toBe(true)
    scheduler.addTask({ ...task, node: to })
  }
}

function used(scheduler: Scheduler): number {
  return scheduler.nodes().filter(({ name }) => scheduler.tasksOn(name).length > 0).length
}

describe('plans', () => {
  test('repacking takes as many nodes as it says, never fewer than its bound, and each move fits in turn', () => {
    fc.assert(
      fc.property(sizes, tasks => {
        const scheduler = scattered(tasks)
        const plan = planRepack(scheduler)
        expect(plan.nodesBefore).toBe(used(scheduler))
        perform(scheduler, plan.moves)
        expect(used(scheduler)).toBe(plan.nodesAfter)
        expect(plan.bound?.bound ?? 0).toBeLessThanOrEqual(plan.nodesAfter)
      }),
    )
  })

  test('consolidation is strictly cheaper or nothing, and every task has a place', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 12 }), (tasks, price) => {
        const scheduler = scattered(tasks)
        const templates = [{ name: 'small', price, allocatable: { cpu: 6, memory: 6 } }]
        const plan = planConsolidation(scheduler, { priceOf: () => 10, templates })
        const spent = plan.added.reduce((sum, one) => sum + one.price, 0)
        expect(plan.saved).toBe(10 * plan.removed.length - spent)
        expect(plan.saved > 0).toBe(plan.removed.length > 0)
        for (const { name } of plan.added) scheduler.addNode({ name, allocatable: { cpu: 6, memory: 6 } })
        for (const { key } of plan.moves) scheduler.removeTask(key)
        for (const name of plan.removed) expect(scheduler.tasksOn(name)).toEqual([])
      }),
    )
  })

  test('a scale-up places all that some new node takes', () => {
    fc.assert(
      fc.property(sizes, tasks => {
        const requests = tasks.map((amounts, index) => ({ key: `w${index}`, requests: amounts }))
        const templates = [
          { name: 'small', price: 2, allocatable: { cpu: 4, memory: 4 } },
          { name: 'large', price: 5, allocatable: { cpu: 10, memory: 10 } },
        ]
        const plan = planScaleUp(createScheduler(), requests, templates)
        expect(plan.unschedulable).toEqual([])
        expect(plan.placed.size).toBe(requests.length)
        expect(plan.cost).toBe(plan.nodes.reduce((sum, { price }) => sum + price, 0))
      }),
    )
  })

  test('rebalancing moves to a better node or not at all, and then has nothing left to do', () => {
    fc.assert(
      fc.property(sizes, tasks => {
        const scheduler = scattered(tasks, 'g')
        scheduler.addNode({ name: 'new', allocatable: { cpu: 10, memory: 10 } })
        const plan = planRebalance(scheduler, { maxMoves: 50 })
        for (const { gain } of plan.moves) expect(gain).toBeGreaterThanOrEqual(1)
        perform(scheduler, plan.moves)
        expect(plan.reason).toBe('NoBetterPlace')
      }),
      { numRuns: 30 },
    )
  })

  test('a task whose node lets it no longer on is a violation, and goes first', () => {
    const scheduler = scattered([{ cpu: 1 }, { cpu: 1 }])
    expect(findViolations(scheduler)).toEqual([])
    const taints = [{ key: 'gpu', effect: 'NoSchedule' as const }]
    scheduler.updateNode({ name: 'n0', allocatable: { cpu: 10, memory: 10 }, taints })
    expect(findViolations(scheduler)).toMatchObject([
      { key: 't00', node: 'n0', reasons: [{ code: 'UntoleratedTaint' }] },
    ])
    expect(planRebalance(scheduler, { maxMoves: 1 }).moves).toMatchObject([
      { key: 't00', gain: Number.POSITIVE_INFINITY },
    ])
    expect(pickRemovals(scheduler, ['t00', 't01'], 1)).toEqual(['t00'])
  })

  test('capacity is how many can be placed, and places none', () => {
    const scheduler = scattered([])
    expect(capacityFor(scheduler, { key: 'x', requests: { cpu: 3, memory: 1 } })).toBe(24)
    expect(capacityFor(scheduler, { key: 'x', requests: { cpu: 3, memory: 1 } }, 5)).toBe(5)
    expect(scheduler.taskCount).toBe(0)
  })
})

describe('bounds', () => {
  /** The fewest bins, by trying everything. */
  function optimum(items: readonly (readonly number[])[], capacity: readonly number[]): number {
    let best = items.length
    const visit = (at: number, bins: readonly (readonly number[])[]): void => {
      if (bins.length >= best) return
      const item = items[at]
      if (item === undefined) {
        best = bins.length
        return
      }
      const seen = new Set<string>()
      for (const [index, room] of [...bins, capacity].entries()) {
        const left = room.map((amount, axis) => amount - (item[axis] ?? 0))
        if (left.some(amount => amount < 0) || seen.has(room.join())) continue
        seen.add(room.join())
        visit(at + 1, index === bins.length ? [...bins, left] : bins.with(index, left))
      }
    }
    visit(0, [])
    return best
  }

  test('no bound is above the optimum, and the certificate proves its own', () => {
    const item = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), items => {
        const capacity = [12, 12]
        const { bound, configuration, certificate, volume, l2 } = packingBound(items, capacity)
        const best = optimum(items, capacity)
        expect(Math.max(volume, l2, configuration ?? 0)).toBe(bound)
        expect(bound).toBeLessThanOrEqual(best)
        if (certificate === undefined) throw new Error('there is a certificate for so few shapes')
        expect(checkCertificate(certificate, capacity)).toBe(true)
        expect(certifiedBound(certificate)).toBe(configuration)
        const [first = 0, ...rest] = certificate.prices
        const dearer = { ...certificate, prices: [first + certificate.denominator, ...rest] }
        expect(checkCertificate(dearer, capacity)).toBe(false)
      }),
    )
  })

  test('an item that fits into no bin is refused by name', () => {
    expect(() => packingBound([[1], [5]], [4])).toThrow(/items\[1\]\[0\]/)
  })
})

describe('simulated traces', () => {
  test.each([
    ['google', googleWorkload],
    ['azure', azureWorkload],
    ['gpu', gpuWorkload],
  ])('%s: equal seeds give equal reports, and nothing is in the wrong place', (_name, workload) => {
    const trace = workload(createSeededRandom(7), { nodes: 12, tasks: 60 })
    expect(workload(createSeededRandom(7), { nodes: 12, tasks: 60 })).toEqual(trace)
    const report = simulateTrace(trace, packProfile())
    expect(simulateTrace(trace, packProfile())).toEqual(report)
    expect([report.placed + report.waiting, report.violations]).toEqual([60, 0])
    const difference = compareSimulations(report, simulateTrace(trace, spreadProfile()))
    expect(difference['nodesUsed']).toBeGreaterThanOrEqual(0)
  })

  test('those who wait are placed when others end, and the time in between is theirs', () => {
    const requests = { cpu: 1 }
    const trace = {
      nodes: [{ name: 'n', allocatable: { cpu: 1 } }],
      arrivals: [
        { atMs: 0, durationMs: 100, request: { key: 'a', requests } },
        { atMs: 20, durationMs: 100, request: { key: 'b', requests } },
      ],
    }
    expect(simulateTrace(trace, packProfile())).toMatchObject({
      placed: 2,
      waitMs: { mean: 40, max: 80 },
      utilization: { cpu: 1 },
    })
  })
})
