import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lintBudget, resolveBudget } from '../../src/rollout/index.js'
import { budget } from './arbitraries.js'

describe('a budget', () => {
  test.each([
    [{ maxSurge: '25%', maxUnavailable: '25%' }, 10, { floor: 8, ceil: 13 }],
    [{}, 4, { floor: 3, ceil: 5 }],
    [{ maxSurge: 2, maxUnavailable: 0 }, 3, { floor: 3, ceil: 5 }],
    [{ maxSurge: 0, maxUnavailable: 5 }, 2, { floor: 0, ceil: 2 }],
    [{ maxSurge: '7.5%', maxUnavailable: '0.1%' }, 1000, { floor: 999, ceil: 1075 }],
    [{ maxSurge: '15%', maxUnavailable: '7%', surgeRounding: 'down' as const }, 99, { floor: 93, ceil: 113 }],
    // Neither side leaves room: one extra instance by default, one too few when asked.
    [{ maxSurge: 0, maxUnavailable: '25%' }, 1, { floor: 1, ceil: 2 }],
    [{ maxSurge: 0, maxUnavailable: '25%', giveWay: 'unavailable' as const }, 1, { floor: 0, ceil: 1 }],
    [{ maxSurge: 3, maxUnavailable: 1 }, 0, { floor: 0, ceil: 0, surge: 0, unavailable: 0, gaveWay: false }],
  ])('%j of %i', (spec, desired, bounds) => {
    expect(resolveBudget(spec, desired)).toMatchObject(bounds)
  })

  test('is exact: a share is the integer product, rounded once', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(1_000_000), (percent, desired) => {
        const { surge, unavailable } = resolveBudget(
          { maxSurge: `${percent}%`, maxUnavailable: '100%' },
          desired,
        )
        expect(BigInt(surge)).toBe((BigInt(percent) * BigInt(desired) + 99n) / 100n)
        expect(unavailable).toBe(desired)
      }),
    )
  })

  test('always leaves a way to move, and stays within one of the percentage', () => {
    fc.assert(
      fc.property(budget, fc.integer({ min: 1, max: 200 }), (spec, desired) => {
        const { floor, ceil, surge, gaveWay } = resolveBudget(spec, desired)
        expect(floor).toBeGreaterThanOrEqual(0)
        expect(floor).toBeLessThanOrEqual(desired)
        expect(ceil).toBeGreaterThan(floor)
        if (typeof spec.maxSurge === 'string' && !gaveWay) {
          expect(Math.abs(surge - (Number.parseInt(spec.maxSurge) * desired) / 100)).toBeLessThan(1)
        }
      }),
    )
  })

  test.each([
    ['maxSurge', { maxSurge: 'urg' }],
    ['maxSurge', { maxSurge: -1 }],
    ['maxSurge', { maxSurge: 1.5 }],
    ['maxUnavailable', { maxUnavailable: '25' }],
    ['maxUnavailable', { maxUnavailable: '101%' }],
    ['maxUnavailable', { maxSurge: 0, maxUnavailable: 0 }],
  ])('refuses a bad %s', (field, spec) => {
    expect(() => resolveBudget(spec, 3)).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(field) }),
    )
  })

  test('refuses what would leave the safe integers', () => {
    expect(() => resolveBudget({ maxSurge: '999999%' }, 2 ** 40)).toThrow(
      expect.objectContaining({ code: 'Invalid' }),
    )
  })
})

describe('lint', () => {
  test.each([
    [{ maxSurge: '25%', maxUnavailable: '25%' }, 8, []],
    [{ maxSurge: 0, maxUnavailable: 1 }, 1, ['outage']],
    [{ maxSurge: 0, maxUnavailable: '25%' }, 1, ['gave-way']],
    [{ maxSurge: 0, maxUnavailable: '25%', giveWay: 'unavailable' as const }, 1, ['outage', 'gave-way']],
    [{ maxSurge: '25%', maxUnavailable: 0 }, 1, ['rounded']],
    [{ maxSurge: 0, maxUnavailable: 1 }, 0, []],
  ])('of %j at %i instances', (spec, desired, codes) => {
    expect(lintBudget(spec, desired).map(finding => finding.code)).toEqual(codes)
  })
})
