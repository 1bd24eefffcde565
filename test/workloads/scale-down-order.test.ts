import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ScaleDownRanking } from '../../src/workloads/scale-down-order.js'
import { scaleDownOrder } from '../../src/workloads/scale-down-order.js'
import type { TaskShape } from './fixtures/objects.js'
import { task } from './fixtures/objects.js'

const ranking: ScaleDownRanking = { nowMs: 100_000 }
const better: TaskShape = { name: 'b', node: 'n1', phase: 'Running', readySinceMs: 1000, createdMs: 0 }
const cost = (value: string) => ({ 'keelson.dev/deletion-cost': value })
const names = (shapes: readonly TaskShape[], count: number, by: ScaleDownRanking = ranking) =>
  scaleDownOrder(shapes.map(task), count, by).map(victim => victim.task.metadata.name)

test.each<{ why: string; first: TaskShape; then?: TaskShape; by?: Partial<ScaleDownRanking> }>([
  { why: 'unassigned', first: { name: 'z' }, then: { ...better, phase: 'Pending' } },
  { why: 'phase', first: { ...better, name: 'z', phase: 'Pending' } },
  { why: 'phase', first: { ...better, name: 'z', ready: 'Unknown' } },
  { why: 'not-ready', first: { name: 'z', node: 'n1', phase: 'Running' } },
  { why: 'not-available', first: { ...better, name: 'z', readySinceMs: 9_000 }, by: { readyByMs: 8_999 } },
  { why: 'deletion-cost', first: better, then: { ...better, name: 'a', annotations: cost('1') } },
  { why: 'deletion-cost', first: { ...better, name: 'z', annotations: cost('-1') } },
  { why: 'ready-time', first: { ...better, name: 'z', readySinceMs: 95_000 } },
  {
    why: 'restarts',
    first: { ...better, name: 'z' },
    by: { restarts: t => (t.metadata.name === 'z' ? 2 : 0) },
  },
  { why: 'age', first: { ...better, name: 'z', createdMs: 95_000 } },
  { why: 'uid', first: { ...better, name: 'a', createdMs: 0 }, then: { ...better, createdMs: 1 } },
  { why: 'age', first: { ...better, name: 'z', createdMs: 1 }, by: { ages: 'exact' } },
])('$why decides: $first.name goes first', ({ why, first, then = better, by = {} }) => {
  for (const order of [
    [first, then],
    [then, first],
  ]) {
    const [victim] = scaleDownOrder(order.map(task), 1, { ...ranking, ...by })
    expect([victim?.task.metadata.name, victim?.why]).toEqual([first.name, why])
  }
})

test.each(['+1', '01', '1e3', '9999999999', ''])('a cost written %j counts as 0', text => {
  const shapes = [
    { ...better, name: 'a' },
    { ...better, name: 'z', annotations: cost(text) },
  ]
  expect(names(shapes, 1)).toEqual(['a'])
})

test('the fullest node gives up a task first, by the siblings of all sets of the owner', () => {
  const shapes = [
    { ...better, name: 'alone', node: 'n2', createdMs: 9000 },
    { ...better, name: 'one', node: 'n1' },
    { ...better, name: 'two', node: 'n1' },
  ]
  expect(names(shapes, 3)).toEqual(['one', 'two', 'alone'])
  const others = ['x', 'y', 'z'].map(name => task({ ...better, name, node: 'n2' }))
  expect(names(shapes, 1, { ...ranking, siblings: others })).toEqual(['alone'])
})

test('when all go, the reason is that all go', () => {
  expect(scaleDownOrder([task(better)], 5, ranking)).toEqual([{ task: task(better), why: 'all' }])
  expect(scaleDownOrder([task(better)], 0, ranking)).toEqual([])
})

const shapes = fc.uniqueArray(
  fc.record(
    {
      name: fc.stringMatching(/^[a-z]{1,3}$/),
      node: fc.constantFrom('n1', 'n2', 'n3'),
      phase: fc.constantFrom('Pending' as const, 'Running' as const),
      readySinceMs: fc.constantFrom(0, 10, 90_000, 99_999),
      createdMs: fc.constantFrom(0, 10, 90_000, 200_000),
    },
    { requiredKeys: ['name'] },
  ),
  { selector: ({ name }) => name, maxLength: 20 },
)

test('the first few are the head of the whole order, whatever the order of the tasks', () => {
  fc.assert(
    fc.property(shapes, fc.nat(20), (list, count) => {
      const all = names(list as readonly TaskShape[], list.length)
      expect(names(list as readonly TaskShape[], count)).toEqual(all.slice(0, count))
      expect(names([...list].reverse() as readonly TaskShape[], count)).toEqual(all.slice(0, count))
    }),
  )
})
