import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  kubernetesProgram,
  marathonBudget,
  marathonStrategy,
  recreate,
  resolveBudget,
  rolling,
} from '../../src/rollout/index.js'
import { checkProgram } from '../../src/rollout/program.js'
import { marathonRestart } from '../conformance/rollout-marathon-restart.js'

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
    expect(marathonStrategy(strategy, instances)).toEqual({ type: 'RollingUpdate', rollingUpdate })
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
})
