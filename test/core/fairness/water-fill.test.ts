import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WaterQueue } from '../../../src/core/fairness/index.js'
import { waterFill } from '../../../src/core/fairness/index.js'

/** A drop at a time, to whoever has least for its weight: down from the top, from group to queue. */
const DROP = 1 / 64

interface Vessel {
  readonly name: string
  readonly weight: number
  readonly min: number
  readonly max: number
  readonly inner: readonly Vessel[]
  level: number
}

function vesselOf({ name, weight = 1, min = 0, max = Infinity, queues }: WaterQueue): Vessel {
  const inner = (queues ?? []).map(vesselOf)
  const sum = (of: 'min' | 'max'): number => inner.reduce((all, one) => all + one[of], 0)
  const isGroup = queues !== undefined
  const floor = Math.max(min, sum('min'))
  return { name, weight, min: floor, max: isGroup ? Math.min(max, sum('max')) : max, inner, level: 0 }
}

/** Puts a drop into one of them; false when all are full. */
function pour(vessels: readonly Vessel[]): boolean {
  const open = vessels.filter(({ level, max }) => level + DROP <= max)
  // Below its floor each gets its due first.
  const due = open.filter(({ level, min }) => level < min)
  let next: Vessel | undefined
  for (const one of due.length > 0 ? due : open)
    if (next === undefined || one.level / one.weight < next.level / next.weight) next = one
  if (next === undefined) return false
  next.level += DROP
  if (next.inner.length > 0) pour(next.inner)
  return true
}

const boundsArbitrary = fc.record({
  weight: fc.integer({ min: 1, max: 4 }),
  min: fc.nat(4),
  more: fc.oneof(fc.nat(12), fc.constant(Infinity)),
})

const treeArbitrary = fc
  .array(fc.tuple(boundsArbitrary, fc.option(fc.array(boundsArbitrary, { minLength: 1, maxLength: 3 }))), {
    minLength: 1,
    maxLength: 3,
  })
  .map(groups =>
    groups.map(([own, inner], at): WaterQueue => {
      const queueOf = (name: string, { weight, min, more }: typeof own): WaterQueue => ({
        name,
        weight,
        min,
        max: min + more,
      })
      if (inner === null) return queueOf(`${at}`, own)
      const queues = inner.map((one, index) => queueOf(`${at}.${index}`, one))
      const floor = queues.reduce((sum, { min = 0 }) => sum + min, 0)
      return { name: `${at}`, weight: own.weight, max: floor + own.more, queues }
    }),
  )

test('law: groups and their queues have what they have when it is poured a drop at a time', () => {
  fc.assert(
    fc.property(treeArbitrary, fc.nat(60), (tree, total) => {
      const vessels = tree.map(vesselOf)
      const floors = vessels.reduce((sum, { min }) => sum + min, 0)
      const drops = Math.max(total, floors) / DROP
      for (let index = 0; index < drops && pour(vessels); index++);
      const shares = waterFill(total, tree)
      for (const one of vessels.flatMap(vessel => [vessel, ...vessel.inner]))
        expect(Math.abs((shares.get(one.name) ?? NaN) - one.level), one.name).toBeLessThan(DROP * 16)
    }),
    { numRuns: 40, seed: 29 },
  )
})

test.each([
  [[{ name: 'a' }, { name: 'b', queues: [{ name: 'a' }] }], /queues: must have different names/],
  [
    [{ name: 'a', max: 3, queues: [{ name: 'b', min: 4 }] }],
    /a.max: must be at least the floors of its queues, 4/,
  ],
  [
    [{ name: 'a', min: 3, queues: [{ name: 'b', max: 2 }] }],
    /a.min: must be at most the ceilings of its queues, 2/,
  ],
  [[{ name: 'a', queues: [{ name: 'b', weight: -1 }] }], /b.weight/],
  [[{ name: 'a', weight: '2' }], /a.weight: must be a finite number.*"2"/],
  [[{ name: 'a', wieght: 2 }], /a queue of waterFill has no option "wieght"; did you mean weight\?/],
  [[{ name: 'a', children: [] }], /has no option "children"/],
  [[{ name: 'a', queues: {} }], /queues: must be a list/],
  [[{ weight: 2 }], /queues\[0\].name: must be a text/],
  [[null], /a queue of waterFill must be an object/],
  [undefined, /queues: must be a list/],
] as const)('%j is refused', (queues, expected) => {
  expect(() => waterFill(1, queues as readonly WaterQueue[])).toThrow(expected)
})

test('groups within groups have a limit', () => {
  let queue: WaterQueue = { name: 'leaf' }
  for (let level = 0; level < 40; level++) queue = { name: `${level}`, queues: [queue] }
  expect(() => waterFill(1, [queue])).toThrow(/at most 32 levels/)
})

test('bounds of a group that are the sum of those of its queues are allowed, whatever the sum is rounded to', () => {
  const ten = Array.from({ length: 10 }, (_, at) => ({ name: `${at}`, min: 0.1, max: 0.1 }))
  const three = ten.slice(0, 3)
  expect(waterFill(9, [{ name: 'all', min: 1, max: 1, queues: ten }]).get('all')).toBeCloseTo(1)
  expect(waterFill(9, [{ name: 'all', min: 0.3, max: 0.3, queues: three }]).get('all')).toBeCloseTo(0.3)
})

test('a group gets no more than queues without a weight can have', () => {
  const idle = { name: 'idle', queues: [{ name: 'one', weight: 0, min: 1 }] }
  const paused = { name: 'paused', queues: [{ name: 'group', weight: 0, min: 2, queues: [{ name: 'two' }] }] }
  const shares = waterFill(10, [idle, paused, { name: 'other' }])
  expect(Object.fromEntries(shares)).toEqual({ idle: 1, one: 1, paused: 2, group: 2, two: 2, other: 7 })
})

/** By halving intervals. */
function bisected(total: number, queues: readonly WaterQueue[]): number[] {
  const at = (level: number): number[] =>
    queues.map(({ weight = 1, min = 0, max = Infinity }) => Math.min(max, Math.max(min, level * weight)))
  let [low, high] = [0, 1e9]
  for (let round = 0; round < 200; round++) {
    const middle = (low + high) / 2
    if (at(middle).reduce((sum, one) => sum + one, 0) >= total) high = middle
    else low = middle
  }
  return at(low)
}

test('law: a level is where halving intervals finds it; what a group gets is what its queues get', () => {
  const amount = fc.double({ min: 0, max: 9, noNaN: true })
  const bounds = fc.record({
    weight: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 9, noNaN: true })),
    min: fc.oneof(fc.constant(0), amount),
    more: fc.oneof(amount, fc.constant(Infinity)),
  })
  const queuesArbitrary = fc
    .array(bounds, { maxLength: 5 })
    .map(all =>
      all.map(({ weight, min, more }, at): WaterQueue => ({ name: `${at}`, weight, min, max: min + more })),
    )
  fc.assert(
    fc.property(queuesArbitrary, amount, amount, (queues, total, own) => {
      const shares = waterFill(total, queues)
      for (const [at, expected] of bisected(total, queues).entries())
        expect(shares.get(`${at}`)).toBeCloseTo(expected, 6)
      const grouped = waterFill(total, [
        { name: 'all', queues },
        { name: 'other', weight: own },
      ])
      const inner = queues.reduce((sum, { name }) => sum + (grouped.get(name) ?? NaN), 0)
      expect(inner).toBeCloseTo(grouped.get('all') ?? NaN, 6)
    }),
    { numRuns: 50, seed: 7 },
  )
})
