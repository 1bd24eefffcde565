import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PointRange, pointWidth } from '../../src/scheduling/classes/node-point.js'
import { scoreUnits } from '../../src/scheduling/classes/score-sum.js'
import { TotalBound } from '../../src/scheduling/classes/total-bound.js'
import type { NodeScorePlugin, NodeView } from '../../src/scheduling/index.js'
import {
  balancedAllocation,
  fewestTasks,
  leastAllocated,
  mostAllocated,
  nativeFilters,
  siblingSpread,
} from '../../src/scheduling/index.js'
import { ResourceColumns } from '../../src/scheduling/nodes/resource-columns.js'
import { prepareRequest } from '../../src/scheduling/requests/placement-request.js'

const NAMES = ['cpu', 'memory', 'gpu']
const WIDTH = pointWidth(NAMES.length)

/** What static scores come to, tasks, how many it takes, and of each resource what is asked for and what is there. */
const amounts = fc.tuple(fc.nat(999), fc.nat({ max: 999 }))
const point = fc
  .tuple(
    fc.constant(7),
    fc.nat(30),
    fc.constantFrom(12, 31, Number.POSITIVE_INFINITY),
    amounts,
    amounts,
    amounts,
  )
  .map(numbers => numbers.flat())
const wide = fc.array(point, { minLength: 1, maxLength: 6 })
/** Near each other, as they are in a box: what is rounded off matters. */
const near = fc
  .tuple(point, fc.array(fc.array(fc.nat(2), { minLength: WIDTH, maxLength: WIDTH }), { minLength: 1 }))
  .map(([first, others]) =>
    others.map(offsets => first.map((number, at) => number + (at === 0 ? 0 : (offsets[at] as number)))),
  )

const requests = fc.record(
  { cpu: fc.nat(99), memory: fc.nat(99), gpu: fc.integer({ min: 1, max: 2 }) },
  { requiredKeys: ['cpu', 'memory'] },
)

const filters = nativeFilters().flatMap(plugin => (plugin.locality === 'node' ? [plugin] : []))
const room = filters.filter(({ name }) => name === 'resources-fit')
const whole = { rounding: 'whole' } as const
const gpuFirst = { resources: [{ name: 'gpu', weight: 5 }, { name: 'cpu' }, { name: 'memory', weight: 2 }] }

type Scores = readonly { readonly plugin: NodeScorePlugin; readonly weight: number }[]
const each = (weight: number, ...plugins: NodeScorePlugin[]): Scores =>
  plugins.map((plugin, at) => ({ plugin, weight: weight / (at + 1) }))

describe.each<[string, Scores, boolean]>([
  [
    'spread',
    [...each(1, leastAllocated()), ...each(1, balancedAllocation()), ...each(0.01, fewestTasks())],
    true,
  ],
  ['pack', each(1, mostAllocated()), true],
  ['large weights', each(300_000, leastAllocated(), balancedAllocation(), fewestTasks()), true],
  ['even above all', each(5, balancedAllocation(), leastAllocated()), true],
  ['full and even', each(1, mostAllocated(), balancedAllocation()), true],
  ['another order', each(1, leastAllocated(), balancedAllocation(gpuFirst)), false],
  ['weighted', each(2, leastAllocated(gpuFirst), mostAllocated(gpuFirst)), true],
  ['whole', each(1, leastAllocated(whole), balancedAllocation(whole), mostAllocated(whole)), false],
  ['siblings', each(3, siblingSpread(), leastAllocated()), false],
])('%s', (name, scores, isExact) => {
  test('no node among some is better than their bound, and of one node it is the total', () => {
    fc.assert(
      fc.property(fc.oneof(wide, near), requests, (points, asked) => {
        const columns = new ResourceColumns()
        for (const name of NAMES) columns.intern(name)
        const request = prepareRequest({ key: 'a', requests: asked, group: 'g' }, columns)
        const bound = new TotalBound(request, room, scores)
        if (isExact || asked.gpu !== undefined) expect(bound.isExact).toBe(isExact)
        const amountsAsked = bound.asked(request)
        const range = new PointRange(NAMES.length)
        const most = bound.of(request, amountsAsked, between(range, points))
        for (const numbers of points) {
          const total = totalOf(numbers, scores, request)
          expect(most).toBeGreaterThanOrEqual(total)
          const of = bound.of(request, amountsAsked, alone(range, numbers))
          if (isExact) expect(of).toBe(total)
          else expect(of).toBeGreaterThanOrEqual(total)
        }
        // Of equal nodes no more than what is rounded off, where all are best on the emptiest.
        if (name === 'spread' && asked.gpu === undefined && points.length === 1)
          expect(most).toBeLessThanOrEqual(totalOf(points[0] as number[], scores, request) + 4)
      }),
      { numRuns: Number(process.env['SCHEDULING_RUNS'] ?? 200) },
    )
  })
})

test('a bound makes up for what is rounded off where scores are best together', () => {
  const columns = new ResourceColumns()
  for (const name of NAMES) columns.intern(name)
  const request = prepareRequest({ key: 'a', requests: { cpu: 17, memory: 12 } }, columns)
  const scores = each(1, leastAllocated()).concat(each(1, balancedAllocation()))
  const bound = new TotalBound(request, room, scores)
  const emptier = [7, 29, Number.POSITIVE_INFINITY, 15_709, 22_429, 53, 141, 0, 0]
  const fuller = emptier.with(5, 54)
  const range = between(new PointRange(NAMES.length), [emptier, fuller])
  const most = bound.of(request, bound.asked(request), range)
  for (const numbers of [emptier, fuller])
    expect(most).toBeGreaterThanOrEqual(totalOf(numbers, scores, request))
})

test('a node that has as many tasks as it takes, or one less, is refused, or not', () => {
  const columns = new ResourceColumns()
  for (const name of NAMES) columns.intern(name)
  const request = prepareRequest({ key: 'a', requests: { cpu: 1 } }, columns)
  const bound = new TotalBound(request, room, each(1, leastAllocated()))
  const ofTasks = (count: number, limit: number): number => {
    const numbers = [0, count, limit, 0, 9, 0, 9, 0, 0]
    return bound.of(request, bound.asked(request), alone(new PointRange(NAMES.length), numbers))
  }
  expect(ofTasks(3, 3)).toBe(-1)
  expect(ofTasks(2, 3)).toBeGreaterThan(0)
})

function totalOf(
  numbers: readonly number[],
  scores: Scores,
  request: Parameters<NodeScorePlugin['score']>[0],
): number {
  const node = {
    taskCount: numbers[1],
    taskLimit: numbers[2],
    requested: (column: number) => numbers[3 + column * 2],
    allocatable: (column: number) => numbers[4 + column * 2],
    siblingCount: () => 0,
  } as unknown as NodeView
  if (room.some(({ filter }) => filter(request, node) !== undefined)) return -1
  return scores.reduce(
    (sum, { plugin, weight }) => sum + scoreUnits(plugin.score(request, node) as number, weight),
    numbers[0] as number,
  )
}

function between(range: PointRange, points: readonly (readonly number[])[]): PointRange {
  const ends = [Math.min, Math.max].flatMap(end =>
    Array.from({ length: WIDTH }, (_, at) => end(...points.map(numbers => numbers[at] as number))),
  )
  range.numbers = Float64Array.from(ends)
  range.low = 0
  range.high = WIDTH
  return range
}

function alone(range: PointRange, numbers: readonly number[]): PointRange {
  range.numbers = Float64Array.from(numbers)
  range.low = range.high = 0
  return range
}
