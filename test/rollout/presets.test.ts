import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  FailurePolicy,
  NomadUpdate,
  SwarmRollbackConfig,
  SwarmUpdateConfig,
} from '../../src/rollout/index.js'
import {
  describeBlocker,
  kubernetesProgram,
  marathonBudget,
  marathonRollout,
  nomadRollout,
  recreate,
  resolveBudget,
  rolling,
  swarmRollout,
} from '../../src/rollout/index.js'
import { checkProgram } from '../../src/rollout/program.js'
import { marathonRestart } from '../conformance/rollout-marathon-restart.js'

import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

describe('a program', () => {
  test.each([
    ['no waypoints', { ...rolling(), waypoints: [] }, 'waypoints'],
    ['a last waypoint short of all', { ...rolling(), waypoints: [{ next: '50%' }] }, 'waypoints'],
    [
      'a waypoint that is no amount',
      { ...rolling(), waypoints: [{ next: 'half' }, { next: '100%' }] },
      'waypoints[0].next',
    ],
    [
      'a waypoint beyond all',
      { ...rolling(), waypoints: [{ next: '150%' }, { next: '100%' }] },
      'waypoints[0].next: must be at most 100%',
    ],
    [
      'a waypoint more than 64',
      { ...rolling(), waypoints: Array.from({ length: 65 }, () => ({ next: '100%' })) },
      'waypoints.length: must be',
    ],
    ['a soak of the way back that is no time', { ...rolling(), rollback: { soakMs: -1 } }, 'rollback.soakMs'],
    [
      'bounds of the way back of a Recreate',
      { ...recreate(), rollback: { budget: { maxSurge: 1 } } },
      'rollback.budget',
    ],
    ['no time at all', { ...rolling(), progressWithinMs: 0 }, 'progressWithinMs'],
    [
      'half a failure',
      { ...rolling(), onFailure: { action: 'pause' as const, maxFailures: 0.5 } },
      'maxFailures',
    ],
    [
      'a waypoint whose budget cannot move',
      { ...rolling(), waypoints: [{ next: '100%', budget: { maxSurge: 0, maxUnavailable: 0 } }] },
      'maxUnavailable',
    ],
  ])('with %s is refused', (_what, program, field) => {
    expect(() => checkProgram(program)).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(field) }),
    )
  })

  test('is plain data', () => {
    for (const program of [rolling({ steps: [1, '50%'], maxFailures: 2 }), recreate()]) {
      expect(JSON.parse(JSON.stringify(program))).toEqual(program)
    }
  })
})

describe('the Kubernetes preset', () => {
  test('knows the defaults and the number that means never', () => {
    expect(kubernetesProgram({})).toMatchObject({
      progressWithinMs: 600_000,
      onFailure: { action: 'continue' },
    })
    expect(kubernetesProgram({ progressDeadlineSeconds: 2_147_483_647 }).progressWithinMs).toBeUndefined()
    expect(kubernetesProgram({ strategy: { type: 'Recreate' } }, { action: 'revert' })).toMatchObject({
      barrier: true,
      onFailure: { action: 'revert' },
    })
  })

  test('lets one instance be missing when both bounds come out as 0', () => {
    const { budget } = kubernetesProgram({
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '25%' } },
    })
    expect(resolveBudget(budget, 1)).toMatchObject({ floor: 0, ceil: 1 })
  })
})

describe('the Marathon preset', () => {
  test.each([
    [{}, 4, { maxSurge: 4, maxUnavailable: 0 }],
    [{ minimumHealthCapacity: 0.5, maximumOverCapacity: 0.2 }, 5, { maxSurge: 1, maxUnavailable: 2 }],
    [{ minimumHealthCapacity: 1, maximumOverCapacity: 0 }, 3, { maxSurge: 1, maxUnavailable: 0 }],
    [
      { minimumHealthCapacity: 1, maximumOverCapacity: 0, resident: true },
      3,
      { maxSurge: 0, maxUnavailable: 1 },
    ],
    [{ resident: true }, 4, { maxSurge: 0, maxUnavailable: 2 }],
    // Multiplying floats says 8 and 114.
    [{ minimumHealthCapacity: 0.07, maximumOverCapacity: 0.15 }, 100, { maxSurge: 15, maxUnavailable: 93 }],
  ])('reads %j of %i', (strategy, instances, rollingUpdate) => {
    expect(marathonRollout(strategy, instances)).toEqual({
      strategy: { type: 'RollingUpdate', rollingUpdate },
      progressDeadlineSeconds: 2_147_483_647,
      onFailure: 'continue',
    })
  })

  test('agrees with Marathon up to its rounding errors', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat(100), fc.nat(100), (instances, health, extra) => {
        const [minHealth, over] = [health / 100, extra / 100]
        const theirs = marathonRestart({ instances, minHealth, over, current: instances, healthy: instances })
        const { floor, ceil } = resolveBudget(
          marathonBudget({ minimumHealthCapacity: minHealth, maximumOverCapacity: over }),
          instances,
        )
        expect(Math.abs(floor - theirs.minHealthy)).toBeLessThanOrEqual(1)
        expect(Math.abs(ceil - theirs.maxCapacity)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test.each([
    [{ minimumHealthCapacity: 1.1 }, 'minimumHealthCapacity'],
    [{ resident: true, maximumOverCapacity: 0.5 }, 'maximumOverCapacity'],
  ])('refuses %j', (strategy, field) => {
    expect(() => marathonBudget(strategy)).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(field) }),
    )
  })

  test('refuses a word that Marathon does not know, and takes it for no default', () => {
    const strategy = { minimumHealthCapcity: 0.5 } as object
    for (const read of [() => marathonBudget(strategy), () => marathonRollout(strategy, 4)])
      expect(read).toThrow(
        expect.objectContaining({ code: 'Usage', message: expect.stringContaining('minimumHealthCapcity') }),
      )
  })
})

describe('the Swarm preset', () => {
  test.each<[SwarmUpdateConfig, object]>([
    [
      {},
      {
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
          gates: [{ kind: 'soak', ms: 5_000 }],
        },
        minReadySeconds: 0,
        progressDeadlineSeconds: 2_147_483_647,
        onFailure: { action: 'pause', maxFailures: 0 },
      },
    ],
    [
      { parallelism: 0, order: 'start-first', failure_action: 'continue', max_failure_ratio: 1 },
      {
        strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
        onFailure: { action: 'continue', crash: 'continue' },
      },
    ],
    [
      { delay: '1m30s', monitor: '1m', max_failure_ratio: 0.29, failure_action: 'rollback' },
      {
        minReadySeconds: 90,
        strategy: { gates: [{ kind: 'soak', ms: 91_000 }] },
        onFailure: { action: 'revert', maxFailures: 29 },
      },
    ],
  ])('reads %j', (config, fields) => {
    expect(swarmRollout(config, 100)).toMatchObject(fields)
  })

  test('goes back as Swarm does where nothing is said: one at a time, watched, and paused by the first failure', () => {
    expect(
      swarmRollout({ parallelism: 4, delay: '9s', failure_action: 'rollback' }, 6).strategy,
    ).toMatchObject({
      rollback: {
        maxSurge: 0,
        maxUnavailable: 1,
        minReadySeconds: 0,
        soakMs: 5_000,
        onFailure: { action: 'pause', maxFailures: 0 },
      },
    })
  })

  /** Six of `a`, and a `b` of which one has failed at once. */
  const goingBack = (back: SwarmRollbackConfig): InstantCluster => {
    const { strategy, onFailure } = swarmRollout({ parallelism: 3, failure_action: 'rollback' }, 6, back)
    const cluster = runningCluster(6, kubernetesProgram({ strategy }, onFailure as FailurePolicy))
    cluster.nowMs += 5_000
    cluster.settle()
    cluster.roll('b')
    cluster.settle(['b'])
    fail(cluster, 'b')
    return cluster
  }
  const fail = (cluster: InstantCluster, template: string, count = 1): void => {
    const set = cluster.sets.get(template)!
    const { failed = 0 } = set
    cluster.sets.set(template, { ...set, available: set.size - count, failed: failed + count })
    cluster.step()
  }

  test.each<[SwarmRollbackConfig, string[]]>([
    [{}, ['a3+b2', 'a4+b2', 'a4+b1', 'a5+b1', 'a5', 'a6']],
    [{ parallelism: 2, order: 'start-first' }, ['a5+b3', 'a5+b1', 'a6+b1', 'a6']],
    [{ parallelism: 0 }, ['a3', 'a6']],
  ])('goes back by %j', (back, trace) => {
    const cluster = goingBack(back)
    expect(cluster.settle()).toEqual(trace)
    expect([cluster.state?.phase, cluster.sizes()]).toEqual(['reverting', { a: 6 }])
  })

  test('has gone back when what it went back to was watched for as long as it says', () => {
    const cluster = goingBack({ monitor: '20s' })
    cluster.settle()
    cluster.nowMs += 19_999
    const { blockers, wakeAtMs } = cluster.step()
    expect(blockers.map(describeBlocker)).toEqual(['waypoint 1 waits for 20 s at the waypoint'])
    expect([cluster.state?.phase, wakeAtMs]).toEqual(['reverting', cluster.nowMs + 1])
    cluster.nowMs += 1
    cluster.step()
    expect(cluster.state?.phase).toBe('reverted')
  })

  test.each<[SwarmRollbackConfig, number, string]>([
    [{}, 1, 'paused'],
    [{ failure_action: 'continue' }, 1, 'reverted'],
    [{ max_failure_ratio: 0.34 }, 2, 'reverted'],
    [{ max_failure_ratio: 0.34 }, 3, 'paused'],
  ])('of the way back %j, %i that fail on it: it is %s', (back, failed, phase) => {
    const cluster = goingBack(back)
    fail(cluster, 'a', failed)
    cluster.settle()
    cluster.nowMs += 60_000
    cluster.settle()
    expect(cluster.state?.phase).toBe(phase)
  })

  test('an undo and an abort go the way back too', () => {
    const { strategy } = swarmRollout({ parallelism: 3 }, 6, { parallelism: 2, monitor: '1m' })
    const cluster = runningCluster(6, kubernetesProgram({ strategy }))
    cluster.nowMs += 5_000
    cluster.settle()
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.spec = { ...cluster.spec, aborted: true }
    expect(cluster.settle()).toEqual(['a3+b3', 'a3+b1', 'a5+b1', 'a5', 'a6'])
    cluster.roll('c', { aborted: false, cause: 'undo' })
    expect(cluster.settle()).toEqual(['a6', 'a4', 'a4+c2', 'a2+c2', 'a2+c4', 'c4', 'c6'])
    cluster.nowMs += 59_999
    cluster.settle()
    expect(cluster.state?.phase).toBe('progressing')
    cluster.nowMs += 1
    cluster.settle()
    expect(cluster.state?.phase).toBe('succeeded')
  })

  test('has the default monitor where a file says 0, as Docker', () => {
    expect(swarmRollout({ monitor: '0s' }, 3)).toEqual(swarmRollout({}, 3))
  })

  test('tolerates as many failures as it says, however fast they come, and not one more', () => {
    const program = kubernetesProgram(swarmRollout({ max_failure_ratio: 0.4 }, 10), {
      ...(swarmRollout({ max_failure_ratio: 0.4, failure_action: 'rollback' }, 10).onFailure as object),
    })
    for (const [failed, phase] of [
      [4, 'progressing'],
      [5, 'reverting'],
    ] as const) {
      const cluster = runningCluster(10, program)
      cluster.nowMs += 10_000
      cluster.settle()
      cluster.roll('b')
      cluster.step()
      const failures = Array.from({ length: failed }, (_, id) => ({
        id: `${id}`,
        atMs: cluster.nowMs,
        cause: 'exit' as const,
      }))
      cluster.sets.set('b', { ...cluster.sets.get('b')!, failures, failed })
      cluster.step()
      expect(cluster.state?.phase).toBe(phase)
    }
  })

  test.each<[object, string]>([
    [{ parallelism: -1 }, 'parallelism'],
    [{ delay: '10' }, 'delay'],
    [{ monitor: '5 s' }, 'monitor'],
    [{ max_failure_ratio: 1.5 }, 'max_failure_ratio'],
    [{ failure_action: 'revert' }, 'failure_action'],
    [{ order: 'random' }, 'order'],
  ])('refuses %j, there and back', (config, field) => {
    for (const read of [
      () => swarmRollout(config as SwarmUpdateConfig, 3),
      () => swarmRollout({}, 3, config as SwarmRollbackConfig),
    ])
      expect(read).toThrow(
        expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(`${field}: `) }),
      )
  })

  test('refuses to roll a rollback back', () => {
    const back = { failure_action: 'rollback' } as object
    expect(() => swarmRollout({}, 3, back)).toThrow('failure_action: must be pause or continue')
  })
})

describe('the Nomad preset', () => {
  test.each<[NomadUpdate, object]>([
    [
      {},
      {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
        minReadySeconds: 10,
        readyWithinMs: 290_000,
        progressDeadlineSeconds: 600,
        onFailure: 'pause',
      },
    ],
    [
      { max_parallel: 0, canary: 3, auto_promote: true, auto_revert: true, progress_deadline: '0' },
      {
        strategy: {
          rollingUpdate: { maxSurge: 0, maxUnavailable: '100%' },
          steps: [{ next: 3, stable: '100%', gates: [] }],
        },
        progressDeadlineSeconds: 2_147_483_647,
        onFailure: 'revert',
      },
    ],
  ])('reads %j', (update, fields) => {
    expect(nomadRollout(update)).toMatchObject(fields)
  })

  test('has its canaries beside all of the old ones until they are promoted', () => {
    const cluster = runningCluster(5, kubernetesProgram(nomadRollout({ max_parallel: 2, canary: 2 })))
    cluster.roll('b')
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 5, b: 2 })
    cluster.spec = { ...cluster.spec, answers: [{ gate: 'promote', answer: 'pass', by: 'ann', atMs: 0 }] }
    cluster.settle()
    expect(cluster.sizes()).toEqual({ b: 5 })
  })

  test.each<[object, string]>([
    [{ max_parallel: 0.5 }, 'max_parallel'],
    [{ canary: -1 }, 'canary'],
    [{ min_healthy_time: '5m' }, 'healthy_deadline'],
    [{ progress_deadline: '1m' }, 'progress_deadline'],
    [{ auto_promote: true }, 'auto_promote'],
  ])('refuses %j', (update, field) => {
    expect(() => nomadRollout(update)).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(`${field}: `) }),
    )
  })
})
