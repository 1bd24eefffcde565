import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hold, rescale, waypointGoal } from '../../src/rollout/goal.js'

describe('the goal of a waypoint', () => {
  test.each([
    ['20%', 10, 'a', { b: 2, a: 8 }],
    ['25%', 10, 'a', { b: 3, a: 7 }],
    [3, 10, 'a', { b: 3, a: 7 }],
    [30, 10, 'a', { b: 10, a: 0 }],
    ['100%', 0, 'a', { b: 0, a: 0 }],
    // With nothing to share with, a share is everything.
    ['20%', 10, undefined, { b: 10 }],
    ['20%', 10, 'b', { b: 10 }],
  ])('%s of %i beside %s', (next, desired, stable, goal) => {
    const roles = { next: 'b', ...(stable === undefined ? {} : { stable }) }
    expect(Object.fromEntries(waypointGoal({ next }, desired, roles))).toEqual(goal)
  })
})

describe('a held distribution for another count', () => {
  const roles = { next: 'b', stable: 'a' }

  test.each([
    ['grows by the difference', { a: 2, b: 4 }, 4, 7, { a: 3, b: 6 }],
    ['gives what rounding leaves to the stable template', { a: 1, b: 1 }, 2, 3, { a: 2, b: 1 }],
    ['stays below the ceiling', { a: 8, b: 5 }, 10, 2, { a: 2, b: 1 }],
    ['goes to zero', { a: 2, b: 2 }, 4, 0, { a: 0, b: 0 }],
    ['comes back from zero at the stable template', {}, 0, 3, { a: 3 }],
    ['is what it was for the same count', { a: 9 }, 4, 4, { a: 9 }],
  ])('%s', (_what, sizes, before, desired, after) => {
    const bounds = {
      least: Math.max(0, desired - 1),
      most: desired === 0 ? 0 : desired + 1 + (desired > 5 ? 1 : 0),
    }
    expect(rescale({ desired: before, sizes }, desired, { ...roles, ...bounds }).sizes).toEqual(after)
  })

  test('comes back from zero at the next template when none has succeeded', () => {
    expect(rescale({ desired: 0, sizes: {} }, 3, { next: 'b', least: 3, most: 3 }).sizes).toEqual({ b: 3 })
  })

  test('adds up within the bounds, and gives each template its share but for one instance', () => {
    const size = fc.nat(20)
    fc.assert(
      fc.property(
        fc.record({ a: size, b: size, c: size }),
        fc.nat(30),
        fc.nat(30),
        (sizes, before, desired) => {
          const [least, most] = [Math.floor(desired * 0.75), Math.ceil(desired * 1.25)]
          const held = hold(
            Object.entries(sizes).map(([template, n]) => ({ template, size: n, available: n })),
            before,
          )
          const after = rescale(held, desired, { ...roles, least, most })
          if (before === desired) {
            expect(after).toBe(held)
            return
          }
          const total = Object.values(after.sizes).reduce((sum, n) => sum + n, 0)
          expect(total).toBeGreaterThanOrEqual(least)
          expect(total).toBeLessThanOrEqual(most)
          const sum = sizes.a + sizes.b + sizes.c
          if (sum === 0) return
          for (const [template, n] of Object.entries(held.sizes)) {
            expect(Math.abs((after.sizes[template] ?? 0) - (n * total) / sum)).toBeLessThan(1)
          }
        },
      ),
    )
  })
})
