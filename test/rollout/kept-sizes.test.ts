import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BudgetSpec, Program } from '../../src/rollout/index.js'
import { kubernetesProgram, resolveBudget, rolling } from '../../src/rollout/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

const gates = [{ kind: 'approve', name: 'lead' }] as const
const blueGreen = kubernetesProgram({ strategy: { type: 'RollingUpdate', blueGreen: { gates } } })
const canary = rolling({ steps: [{ next: '10%', gates }, '50%'] })
const wide = rolling({ steps: [{ next: '50%', stable: '100%', gates }] })

/** Template `b` on its way beside `a`, as far as `steps` lead, with the traffic divided. */
function underWay(program: Program, desired: number, steps: number, dividesTraffic = true): InstantCluster {
  const cluster = runningCluster(desired, program)
  if (dividesTraffic) cluster.traffic = { acknowledged: true }
  cluster.settle()
  cluster.roll('b')
  for (let step = 0; step < steps; step++) {
    cluster.step()
    allAvailable(cluster)
  }
  return cluster
}

function allAvailable(cluster: InstantCluster): void {
  for (const [template, set] of cluster.sets) cluster.sets.set(template, { ...set, available: set.size })
}

/** Half of it is template `b` when somebody says no to it. */
function failedHalfway(budget: BudgetSpec): InstantCluster {
  const cluster = underWay(
    rolling({ ...budget, steps: [{ next: '50%', gates }], onFailure: 'pause' }),
    10,
    12,
    false,
  )
  cluster.spec = { ...cluster.spec, answers: [{ gate: 'lead', answer: 'fail', by: 'ann', atMs: 0 }] }
  cluster.settle()
  expect([cluster.state?.phase, cluster.sizes()]).toEqual(['paused', { a: 5, b: 5 }])
  return cluster
}

/** Nothing of these works from now on, and all of the others does. */
function breakDown(cluster: InstantCluster, ...broken: readonly string[]): void {
  for (let step = 0; step < 12; step++) {
    for (const [template, set] of cluster.sets)
      cluster.sets.set(template, { ...set, available: broken.includes(template) ? 0 : set.size })
    cluster.step()
  }
}

describe('sizes that are kept', () => {
  test.each([
    ['blue/green', blueGreen, { a: 10, b: 10 }],
    ['a step beside all of the stable template', wide, { a: 10, b: 5 }],
  ])('of %s are those of its waypoint, ready or not', (_what, program, sizes) => {
    for (const available of [0, 5]) {
      const cluster = underWay(program, 10, 8, false)
      const b = cluster.sets.get('b')!
      cluster.sets.set('b', { ...b, available: Math.min(available, b.size) })
      cluster.spec = { ...cluster.spec, paused: true }
      cluster.step()
      cluster.step()
      expect(cluster.sizes()).toEqual(sizes)
    }
  })

  test.each([
    ['up', 11, { a: 11, b: 10 }],
    ['down', 4, { a: 4, b: 4 }],
  ])('of blue/green leave the traffic all that it needs when scaled %s', (_way, desired, sizes) => {
    const cluster = underWay(blueGreen, 10, 8)
    cluster.spec = { ...cluster.spec, paused: true }
    cluster.step()
    cluster.spec = { ...cluster.spec, desired }
    cluster.settle()
    expect(cluster.sizes()).toEqual(sizes)
  })

  test.each(['paused', 'failed'] as const)('when it is %s in the very step that scales, are scaled', what => {
    for (const [desired, sizes] of [
      [6, { a: 5, b: 1 }],
      [20, { a: 18, b: 2 }],
    ] as const) {
      const cluster = underWay(rolling({ steps: [{ next: '10%', gates }], onFailure: 'pause' }), 10, 6, false)
      cluster.spec =
        what === 'paused'
          ? { ...cluster.spec, desired, paused: true }
          : { ...cluster.spec, desired, answers: [{ gate: 'lead', answer: 'fail', by: 'ann', atMs: 0 }] }
      cluster.settle()
      expect([cluster.state?.phase, cluster.sizes()]).toEqual(['paused', sizes])
    }
  })

  test.each([
    ['with room to surge', { maxSurge: 3, maxUnavailable: 2 }, { a: 8, b: 5 }],
    ['with none', { maxSurge: 0, maxUnavailable: 2 }, { a: 8, b: 2 }],
  ])(
    'after a failure give the floor to the stable template %s, until the new one works again',
    (_what, budget, sizes) => {
      const cluster = failedHalfway(budget)
      breakDown(cluster, 'b')
      expect(cluster.sizes()).toEqual(sizes)
      expect(cluster.state?.phase).toBe('paused')
      breakDown(cluster)
      expect(cluster.sizes()).toEqual({ a: 5, b: 5 })
    },
  )

  test('after a failure take from what is stale before the new template', () => {
    const cluster = failedHalfway({ maxSurge: 0, maxUnavailable: 2 })
    cluster.state = { ...cluster.state!, held: { desired: 10, sizes: { a: 4, b: 4, c: 2 } } }
    cluster.sets = new Map(
      Object.entries({ a: 4, b: 4, c: 2 }).map(([template, size]) => [
        template,
        { template, size, available: template === 'a' ? size : 0 },
      ]),
    )
    cluster.spec = { ...cluster.spec, template: 'b' }
    breakDown(cluster, 'b', 'c')
    expect(cluster.sizes()).toEqual({ a: 8, b: 2 })
  })

  test('after a failure grow no template that has failed, whatever else breaks', () => {
    const cluster = failedHalfway({ maxSurge: 3, maxUnavailable: 2 })
    breakDown(cluster, 'a')
    expect(cluster.sizes()).toEqual({ a: 5, b: 5 })
  })

  test('by a person stay, whatever breaks', () => {
    const cluster = underWay(canary, 10, 8, false)
    const sizes = cluster.sizes()
    cluster.spec = { ...cluster.spec, paused: true }
    breakDown(cluster, 'b')
    breakDown(cluster, 'a', 'b')
    expect(cluster.sizes()).toEqual(sizes)
  })

  test('whatever the count, every template has what its traffic needs, inside the budget', () => {
    const story = fc.record({
      program: fc.constantFrom(blueGreen, canary, wide),
      desired: fc.integer({ min: 1, max: 12 }),
      steps: fc.nat(9),
      counts: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 }),
      acknowledged: fc.boolean(),
    })
    fc.assert(
      fc.property(story, ({ program, desired, steps, counts, acknowledged }) => {
        const cluster = underWay(program, desired, steps)
        cluster.spec = { ...cluster.spec, paused: true }
        cluster.traffic = { ...cluster.traffic!, acknowledged }
        for (const count of counts) {
          const before = cluster.sizes()
          cluster.spec = { ...cluster.spec, desired: count }
          const { actions } = cluster.step()
          expect(actions.filter(({ op }) => op === 'route')).toEqual([])
          allAvailable(cluster)
          cluster.step()
          allAvailable(cluster)
          const { weights = [] } = cluster.traffic
          const sum = weights.reduce((total, { weight }) => total + weight, 0)
          for (const { template, weight } of weights) {
            const needed = Math.ceil((weight / sum) * count - 1e-9)
            expect(cluster.sizes()[template] ?? 0).toBeGreaterThanOrEqual(needed)
          }
          if (!acknowledged)
            for (const [template, size] of Object.entries(before))
              expect(cluster.sizes()[template]).toBeGreaterThanOrEqual(size)
          else {
            const total = Object.values(cluster.sizes()).reduce((all, size) => all + size, 0)
            expect(total).toBeLessThanOrEqual(2 * Math.max(count, resolveBudget(program.budget, count).ceil))
          }
        }
      }),
      { numRuns: 150 },
    )
  })
})

/** Sets of which nothing works yet, in the middle of a rollout from `a` to the newest, and by what the traffic is divided. */
function inTheMiddle(
  program: Program,
  desired: number,
  sizes: Readonly<Record<string, number>>,
  weights?: Readonly<Record<string, number>>,
): InstantCluster {
  const cluster = runningCluster(desired, program)
  for (const [template, size] of Object.entries(sizes))
    cluster.sets.set(template, { template, size, available: 0 })
  if (weights !== undefined)
    cluster.traffic = {
      acknowledged: true,
      weights: Object.entries(weights).map(([template, weight]) => ({ template, weight })),
    }
  cluster.roll('c')
  return cluster
}

describe('a stale template of which nothing works, where the ceiling is filled, gives up its room', () => {
  const full = rolling({ maxSurge: 0, maxUnavailable: 2 })
  test.each([
    ['to the stable one', full, { b: 6, c: 1 }, undefined, 'a', 5],
    ['to the stable one, while the traffic is divided', full, { b: 6, c: 1 }, { b: 4, c: 1 }, 'a', 5],
    ['to the new one, although it has a part of the traffic', full, { a: 5, b: 2 }, { a: 2, b: 3 }, 'c', 7],
  ] as const)('%s', (_what, program, sizes, weights, works, available) => {
    const cluster = inTheMiddle(program, 7, sizes, weights)
    breakDown(cluster, ...['a', 'b', 'c'].filter(template => template !== works))
    expect(cluster.sets.get(works)?.available).toBeGreaterThanOrEqual(available)
  })

  test('to the stable one after a failure', () => {
    const program = rolling({
      maxSurge: '50%',
      maxUnavailable: 0,
      onFailure: 'pause',
      progressWithinMs: 60_000,
    })
    const cluster = inTheMiddle(program, 10, { a: 9, b: 1, c: 5 })
    for (const template of ['a', 'b']) {
      const set = cluster.sets.get(template)!
      cluster.sets.set(template, { ...set, available: set.size })
    }
    cluster.step()
    cluster.nowMs += 60_000
    cluster.step()
    expect([cluster.state?.phase, cluster.sizes()]).toEqual(['paused', { a: 9, b: 1, c: 5 }])
    breakDown(cluster, 'b', 'c')
    expect(cluster.sizes()).toEqual({ a: 10, c: 5 })
  })
})
