import { describe, expect, test } from 'vitest'
import type { Group, GroupChange, GroupRolloutState } from '../../src/rollout/index.js'
import { kubernetesProgram, resolveBudget, rolling, stepGroup } from '../../src/rollout/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

const MINUTE = 60_000

const available = (cluster: InstantCluster): number =>
  [...cluster.sets.values()].reduce((sum, set) => sum + set.available, 0)
const live = (cluster: InstantCluster): number =>
  [...cluster.sets.values()].reduce((sum, set) => sum + set.size, 0)

/** Steps with everything but the broken coming up, and looks at floor and ceiling after each. */
function walk(cluster: InstantCluster, steps: number, broken: readonly string[] = []): void {
  for (let step = 0; step < steps; step++) {
    const { floor, ceil } = resolveBudget(cluster.spec.program.budget, cluster.spec.desired)
    const before = [available(cluster), live(cluster)] as const
    cluster.step()
    expect(available(cluster)).toBeGreaterThanOrEqual(Math.min(before[0], floor))
    expect(live(cluster)).toBeLessThanOrEqual(Math.max(before[1], ceil))
    for (const [name, set] of cluster.sets)
      if (!broken.includes(name)) cluster.sets.set(name, { ...set, available: set.size })
  }
}

/** Three instances of a template that have ended within a minute. */
const crashes = (atMs: number) =>
  [0, 1, 2].map(id => ({ id: `${id}`, atMs: atMs - id, cause: 'crash' as const }))

// Two rollouts and a drain on one ledger: disruption/rollout-and-drain.test.ts.
describe('stories of rollouts', () => {
  test('a crash loop with a revert: three instances that end within a minute, and what worked is back', () => {
    const cluster = runningCluster(10)
    cluster.roll('b')
    walk(cluster, 3, ['b'])
    cluster.nowMs += 30_000
    cluster.sets.set('b', { ...cluster.sets.get('b')!, failures: crashes(cluster.nowMs) })
    walk(cluster, 6, ['b'])
    expect(cluster.outcomes.slice(1)).toEqual(['2 failed crash-loop', '3 succeeded'])
    expect([cluster.sizes(), available(cluster), cluster.state?.phase]).toEqual([{ a: 10 }, 10, 'reverted'])
  })

  test('a rollback that fails halts with the capacity that is left, and a new revision leaves it behind', () => {
    const cluster = runningCluster(10, rolling({ progressWithinMs: 10 * MINUTE, onFailure: 'revert' }))
    cluster.roll('b')
    walk(cluster, 4, ['b'])
    cluster.nowMs += 10 * MINUTE
    // What worked before does not come up either, beside the eight that never went.
    walk(cluster, 8, ['a', 'b'])
    cluster.nowMs += 10 * MINUTE
    cluster.step()
    expect([cluster.state?.phase, available(cluster)]).toEqual(['halted', 8])
    const sizes = cluster.sizes()
    cluster.nowMs += 600 * MINUTE
    walk(cluster, 5, ['a', 'b'])
    expect([cluster.state?.phase, cluster.sizes()]).toEqual(['halted', sizes])
    cluster.roll('c')
    walk(cluster, 8)
    expect([cluster.state?.phase, cluster.sizes()]).toEqual(['succeeded', { c: 10 }])
  })

  test('a pause across a deadline: the time of the pause does not count', () => {
    const cluster = runningCluster(
      10,
      rolling({ progressWithinMs: 10 * MINUTE, finishWithinMs: 30 * MINUTE }),
    )
    cluster.roll('b')
    walk(cluster, 4, ['b'])
    cluster.nowMs += 9 * MINUTE
    cluster.spec = { ...cluster.spec, paused: true }
    cluster.step()
    const sizes = cluster.sizes()
    cluster.nowMs += 24 * 60 * MINUTE
    walk(cluster, 3, ['b'])
    expect([cluster.state?.phase, cluster.sizes(), cluster.outcomes]).toEqual([
      'paused',
      sizes,
      ['1 succeeded'],
    ])
    cluster.spec = { ...cluster.spec, paused: false }
    const resumed = cluster.step()
    expect([cluster.state?.phase, resumed.wakeAtMs]).toEqual(['progressing', cluster.nowMs + MINUTE])
    cluster.nowMs += MINUTE
    cluster.step()
    expect([cluster.state?.phase, cluster.outcomes.at(-1)]).toEqual(['paused', '2 failed deadline'])
  })

  test('a rollover twice: of three revisions under way the half-done ones go first, and never below the floor', () => {
    const cluster = runningCluster(10)
    cluster.roll('b')
    walk(cluster, 2)
    cluster.roll('c')
    walk(cluster, 1)
    expect(Object.keys(cluster.sizes())).toEqual(expect.arrayContaining(['a', 'b']))
    cluster.roll('d')
    for (let step = 0; step < 12; step++) {
      const { a = 0, b = 0, c = 0 } = cluster.sizes()
      walk(cluster, 1)
      const after = cluster.sizes()
      // The stable one is not touched while something half-done could go in its place.
      if ((after['a'] ?? 0) < a)
        expect([after['b'] ?? 0, after['c'] ?? 0].every(size => size < Math.max(1, b, c))).toBe(true)
    }
    expect(cluster.sizes()).toEqual({ d: 10 })
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 superseded', '3 superseded', '4 succeeded'])
  })

  test('scaled 10 → 3 → 12 midway: the rollout goes on, inside the bounds of each count', () => {
    const cluster = runningCluster(10)
    cluster.roll('b')
    walk(cluster, 2)
    for (const desired of [3, 12]) {
      cluster.spec = { ...cluster.spec, desired }
      walk(cluster, 3)
      const { floor, ceil } = resolveBudget(cluster.spec.program.budget, desired)
      expect(live(cluster)).toBeLessThanOrEqual(ceil)
      expect(available(cluster)).toBeGreaterThanOrEqual(floor)
    }
    walk(cluster, 6)
    expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([{ b: 12 }, '2 succeeded'])
  })

  test('scaled 10 → 3 → 12 while the new revision does not work: the old one has all that is wanted', () => {
    const cluster = runningCluster(10)
    cluster.roll('b')
    walk(cluster, 3, ['b'])
    for (const desired of [3, 12]) {
      cluster.spec = { ...cluster.spec, desired }
      walk(cluster, 4, ['b'])
      expect(available(cluster)).toBeGreaterThanOrEqual(
        resolveBudget(cluster.spec.program.budget, desired).floor,
      )
    }
  })

  test('blue/green that is aborted after the route: the traffic goes back first, and green leaves once all follow', () => {
    const program = kubernetesProgram({ strategy: { type: 'RollingUpdate', blueGreen: { holdMs: MINUTE } } })
    const cluster = runningCluster(4, program)
    cluster.traffic = { acknowledged: true }
    walkBlueGreen(cluster, 1)
    cluster.roll('b')
    walkBlueGreen(cluster, 10)
    expect([cluster.traffic, cluster.sizes()]).toMatchObject([
      { weights: [{ template: 'b', weight: 100 }] },
      { a: 4, b: 4 },
    ])
    cluster.spec = { ...cluster.spec, aborted: true }
    cluster.step()
    expect(cluster.traffic?.weights).toEqual([{ template: 'a', weight: 100 }])
    cluster.traffic = { ...cluster.traffic!, acknowledged: false }
    walkBlueGreen(cluster, 5)
    // Who does not follow yet sends its traffic to green still.
    expect(cluster.sizes()).toEqual({ a: 4, b: 4 })
    cluster.traffic = { ...cluster.traffic, acknowledged: true }
    walkBlueGreen(cluster, 5)
    expect([cluster.sizes(), cluster.state?.phase, cluster.outcomes.at(-1)]).toEqual([
      { a: 4 },
      'aborted',
      '2 failed aborted',
    ])
  })

  test('a group whose middle layer fails: what depends on it is not touched, and the layers before it go back', () => {
    const member = (template: string, ...dependsOn: string[]) => ({ template, replicas: 1, dependsOn })
    const groupOf = (template: string): Group =>
      new Map([
        ['db', member(template)],
        ['queue', member(template)],
        ['api', member(template, 'db', 'queue')],
        ['worker', member(template, 'queue')],
        ['web', member(template, 'api')],
      ])
    const [from, to] = [groupOf('1'), groupOf('2')]
    for (const action of ['revert', 'stop'] as const) {
      const runs = new Map([...from].map(([name, { template }]) => [name, template]))
      const touched = new Set<string>()
      let state: GroupRolloutState | undefined
      const standing = ({ member: name, template }: GroupChange) =>
        runs.get(name) !== template
          ? 'progressing'
          : name === 'api' && template === '2'
            ? 'failed'
            : 'succeeded'
      for (let round = 0; round < 12; round++) {
        const step = stepGroup({ from, to }, state, standing, action)
        ;({ state } = step)
        for (const { member: name, template = '' } of step.changes) {
          if (runs.get(name) !== template) touched.add(name)
          runs.set(name, template)
        }
      }
      expect(touched).toEqual(new Set(['db', 'queue', 'api', 'worker']))
      expect(state?.failed).toEqual(['api'])
      const now = action === 'revert' ? '1' : '2'
      expect([state?.phase, Object.fromEntries(runs)]).toEqual([
        action === 'revert' ? 'reverted' : 'stopped',
        { db: now, queue: now, api: now, worker: now, web: '1' },
      ])
    }
  })
})

function walkBlueGreen(cluster: InstantCluster, steps: number): void {
  const { acknowledged } = cluster.traffic!
  for (let step = 0; step < steps; step++) {
    cluster.step()
    cluster.traffic = { ...cluster.traffic!, acknowledged }
    for (const [name, set] of cluster.sets) cluster.sets.set(name, { ...set, available: set.size })
  }
}
