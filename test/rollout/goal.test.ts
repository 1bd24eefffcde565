import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { availabilityFirst, hold, rescale, waypointGoal } from '../../src/rollout/goal.js'

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
    // But for a waypoint before the first instance.
    [0, 10, undefined, { b: 0 }],
    [1, 10, undefined, { b: 10 }],
  ])('%s of %i beside %s', (next, desired, stable, goal) => {
    const roles = { next: 'b', ...(stable === undefined ? {} : { stable }) }
    expect(Object.fromEntries(waypointGoal({ next }, desired, roles))).toEqual(goal)
  })
})

describe('availability first', () => {
  type Sizes = Readonly<Record<string, number>>
  type Sets = Readonly<Record<string, readonly [size: number, available: number]>>
  const roles = { next: 'b', stable: 'a' }
  const first = (goal: Sizes, sets: Sets, [floor, ceil]: readonly [number, number]): Sizes => {
    const tallies = Object.entries(sets).map(([template, [size, available]]) => ({
      template,
      size,
      available,
    }))
    return Object.fromEntries(
      availabilityFirst(new Map(Object.entries(goal)), tallies, roles, { floor, ceil }),
    )
  }

  test.each<[string, Sizes, Sets, readonly [number, number], Sizes]>([
    [
      'leaves the goal to a new template that works and grows',
      { b: 10, a: 0 },
      { a: [4, 0], b: [2, 2] },
      [8, 13],
      { b: 10, a: 0 },
    ],
    [
      'grows the stable one before there is a new one',
      { b: 3, a: 7 },
      { a: [6, 6] },
      [8, 13],
      { b: 3, a: 8 },
    ],
    [
      'grows it when the new one works and is not to grow',
      { b: 2, a: 5 },
      { a: [5, 5], b: [2, 2] },
      [8, 13],
      { b: 2, a: 6 },
    ],
    [
      'takes the room of what does not work',
      { b: 10, a: 0 },
      { a: [3, 3], b: [5, 4] },
      [8, 8],
      { b: 4, a: 4 },
    ],
    [
      'takes room where more is wanted than there is for',
      { b: 5, a: 8 },
      { a: [5, 5], b: [5, 0] },
      [8, 10],
      { b: 2, a: 8 },
    ],
    [
      'takes room where one more is wanted than there is for',
      { b: 3, a: 8 },
      { a: [5, 5], b: [5, 0] },
      [8, 10],
      { b: 2, a: 8 },
    ],
    [
      'takes nothing of a stale template that nobody needs',
      { b: 2, a: 8, c: 2 },
      { a: [6, 6], b: [2, 2], c: [2, 0] },
      [9, 11],
      { b: 2, a: 8, c: 2 },
    ],
    [
      'takes it from a stale template although the new one is too large',
      { b: 1, a: 9, c: 2 },
      { a: [6, 6], b: [2, 2], c: [2, 0] },
      [9, 10],
      { b: 1, a: 9, c: 1 },
    ],
    ['counts no room above the ceiling', { b: 6, a: 0 }, { a: [3, 3], b: [6, 0] }, [6, 8], { b: 3, a: 6 }],
    [
      'takes room before it takes instances',
      { b: 4, a: 0 },
      { a: [3, 3], b: [4, 0] },
      [6, 9],
      { b: 3, a: 6 },
    ],
    [
      'takes none where the room is enough',
      { b: 10, a: 0 },
      { a: [3, 3], b: [4, 0] },
      [6, 10],
      { b: 10, a: 6 },
    ],
    [
      'takes stale ones first',
      { b: 4, a: 4, c: 2 },
      { a: [4, 4], b: [4, 0], c: [2, 0] },
      [8, 10],
      { b: 2, a: 8, c: 0 },
    ],
    [
      'takes none that works',
      { b: 2, a: 2, c: 3, d: 3 },
      { a: [2, 2], b: [2, 0], c: [3, 1], d: [3, 0] },
      [6, 10],
      { b: 2, a: 5, c: 1, d: 2 },
    ],
    [
      'takes stale ones by name',
      { d: 3, c: 3, b: 2, a: 2 },
      { a: [2, 2], b: [2, 0], c: [3, 0], d: [3, 0] },
      [4, 10],
      { d: 3, c: 1, b: 2, a: 4 },
    ],
    [
      'gives back nothing that the goal takes',
      { b: 1, a: 0 },
      { a: [2, 2], b: [4, 0] },
      [4, 6],
      { b: 1, a: 4 },
    ],
    ['starts a stable one that is gone', { b: 4 }, { b: [4, 0] }, [3, 6], { b: 3, a: 3 }],
    ['starts one of it where one is lacking', { b: 4 }, { b: [4, 3] }, [4, 6], { b: 4, a: 1 }],
    ['keeps out what is not wanted', { a: 2 }, { a: [2, 2], b: [4, 0] }, [4, 6], { a: 4, b: 0 }],
    ['does nothing at the floor', { b: 10, a: 0 }, { a: [8, 8], b: [5, 0] }, [8, 13], { b: 10, a: 0 }],
    ['leaves it to one that works', { b: 10, a: 0 }, { a: [4, 0], b: [1, 1] }, [8, 13], { b: 10, a: 0 }],
  ])('%s', (_what, goal, sets, bounds, after) => {
    expect(first(goal, sets, bounds)).toEqual(after)
  })

  test('is for a stable template beside a new one', () => {
    const goal = new Map([['b', 3]])
    const sets = [{ template: 'b', size: 3, available: 0 }]
    for (const one of [{ next: 'b' }, { next: 'b', stable: 'b' }])
      expect(availabilityFirst(goal, sets, one, { floor: 3, ceil: 4 })).toBe(goal)
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

  test('holds what there is, and shares what rounding leaves by role, then by name', () => {
    const sets = [
      { template: 'b', size: 1, available: 0 },
      { template: 'c', size: 0, available: 0 },
      { template: 'a', size: 1, available: 1 },
    ]
    const held = hold(sets, 2)
    expect(held).toEqual({ desired: 2, sizes: { a: 1, b: 1 } })
    const bounds = { least: 0, most: 9 }
    expect(rescale(held, 3, { next: 'a', stable: 'b', ...bounds }).sizes).toEqual({ a: 1, b: 2 })
    expect(rescale(held, 3, { next: 'a', ...bounds }).sizes).toEqual({ a: 2, b: 1 })
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
          const sum = sizes.a + sizes.b + sizes.c
          expect(total).toBe(Math.min(most, Math.max(least, sum + desired - before)))
          if (sum === 0) return
          for (const [template, n] of Object.entries(held.sizes)) {
            expect(Math.abs((after.sizes[template] ?? 0) - (n * total) / sum)).toBeLessThan(1)
          }
        },
      ),
    )
  })
})
