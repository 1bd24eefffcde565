import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../../../src/core/internal.js'

test.each([
  [0, 0],
  [1, 100],
  [2, 200],
  [3, 400],
  [10, 30_000],
  [5_000, 30_000],
])('after %i failures the pause is %i ms', (failures, ms) => {
  expect(backoffMs({ baseMs: 100, maxMs: 30_000 }, failures)).toBe(ms)
})

test('a pause never shrinks, and stays within its bounds', () => {
  const options = fc.record({
    baseMs: fc.nat(10_000),
    maxMs: fc.nat(1_000_000),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
  })
  fc.assert(
    fc.property(options, fc.nat(5_000), (backoff, failures) => {
      const ms = backoffMs(backoff, failures)
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(ms).toBeLessThanOrEqual(backoff.maxMs)
      expect(backoffMs(backoff, failures + 1)).toBeGreaterThanOrEqual(ms)
    }),
  )
})

test('a factor of 1 is a constant pause, and a base of 0 is none', () => {
  expect(backoffMs({ baseMs: 50, maxMs: 1_000, factor: 1 }, 40)).toBe(50)
  expect(backoffMs({ baseMs: 0, maxMs: 1_000 }, 4)).toBe(0)
})
