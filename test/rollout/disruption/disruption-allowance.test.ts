import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { disruptionAllowance } from '../../../src/rollout/disruption/disruption-allowance.js'

describe('what may be taken away', () => {
  test.each([
    [{ maxUnavailable: 1 }, { expected: 5, healthy: 5 }, 4, 1],
    [{ maxUnavailable: '30%' }, { expected: 3, healthy: 3 }, 2, 1],
    [{ minAvailable: 2 }, { expected: 3, healthy: 2 }, 2, 0],
    [{ minAvailable: '50%' }, { expected: 7, healthy: 7 }, 4, 3],
    [{ maxUnavailable: 10 }, { expected: 3, healthy: 1 }, 0, 1],
    [{ minAvailable: 0 }, { expected: 0, healthy: 2 }, 0, 0],
    [{ minAvailable: '100%' }, { expected: 3, healthy: 3 }, 3, 0],
    // A surge is no loss when it goes.
    [{ maxUnavailable: 0 }, { expected: 3, healthy: 5 }, 3, 2],
  ])('%o of %o', (bound, counts, desiredHealthy, disruptionsAllowed) => {
    expect(disruptionAllowance(bound, counts)).toEqual({ desiredHealthy, disruptionsAllowed })
  })

  test('never takes what works below what is desired', () => {
    const bound = fc.oneof(
      fc.record({ minAvailable: fc.integer({ min: 0, max: 12 }) }),
      fc.record({ maxUnavailable: fc.integer({ min: 0, max: 100 }).map(share => `${share}%`) }),
    )
    const count = fc.integer({ min: 0, max: 12 })
    fc.assert(
      fc.property(bound, count, count, (given, expected, healthy) => {
        const { desiredHealthy, disruptionsAllowed } = disruptionAllowance(given, { expected, healthy })
        expect(healthy - disruptionsAllowed).toBeGreaterThanOrEqual(Math.min(healthy, desiredHealthy))
        expect(disruptionsAllowed).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  test.each([
    [{}, { expected: 1, healthy: 1 }],
    [
      { minAvailable: 1, maxUnavailable: 1 },
      { expected: 1, healthy: 1 },
    ],
    [{ minAvailable: '1.5.%' }, { expected: 1, healthy: 1 }],
    [{ minAvailable: 1 }, { expected: -1, healthy: 1 }],
  ])('refuses %o of %o', (bound, counts) => {
    expect(() => disruptionAllowance(bound, counts)).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })
})
