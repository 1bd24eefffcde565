import fc from 'fast-check'
import { expect, test } from 'vitest'
import { failuresWithin, furthest, goalReached, marksOf, progressWithin } from '../../src/rollout/gates.js'
import { tally } from './arbitraries.js'

const templates = ['a', 'b', 'c']
const sets = fc.subarray(templates).chain(names => fc.tuple(...names.map(tally)))
const goal = fc
  .tuple(fc.subarray(templates), fc.array(fc.nat(12), { minLength: 3, maxLength: 3 }))
  .map(([names, sizes]) => new Map(names.map((name, index) => [name, sizes[index] ?? 0])))
const marks = fc.record({ size: fc.nat(4), available: fc.nat(4), others: fc.nat(4) })

test('a goal is reached when every template has its size, all that is known is new, and all of the new one serves', () => {
  const reaching = fc.tuple(sets, goal).map(([view, wanted]) => ({
    // Most views are near their goal, or else hardly any would reach it.
    view: view.map(set => {
      const size = wanted.get(set.template) ?? 0
      return { ...set, size, available: Math.min(size, set.available + 3) }
    }),
    wanted,
  }))
  const seen = new Set<boolean>()
  fc.assert(
    fc.property(fc.oneof(reaching, fc.record({ view: sets, wanted: goal })), ({ view, wanted }) => {
      const sizeOf = (name: string) => view.find(({ template }) => template === name)?.size
      const isReached =
        view.every(({ observed }) => observed !== false) &&
        templates.every(name => (sizeOf(name) ?? 0) === (wanted.get(name) ?? 0)) &&
        view.every(({ template, size, available }) => template !== 'b' || available >= size)
      expect(goalReached(wanted, view, 'b')).toBe(isReached)
      seen.add(isReached)
    }),
    { numRuns: 500 },
  )
  expect(seen.size).toBe(2)
})

test('marks are the size and the available ones of the new template, and the size of all others', () => {
  fc.assert(
    fc.property(sets, view => {
      const others = view.filter(({ template }) => template !== 'b').map(({ size }) => size)
      const [next] = view.filter(({ template }) => template === 'b')
      expect(marksOf(view, 'b')).toEqual({
        size: next?.size ?? 0,
        available: next?.available ?? 0,
        others: others.reduce((sum, size) => sum + size, 0),
      })
    }),
  )
})

test('the furthest is the best of each mark, and the same record where nothing is better', () => {
  fc.assert(
    fc.property(marks, marks, (best, now) => {
      const found = furthest(best, now)
      const [most, least] = [Math.max, Math.min]
      const { size, available, others } = now
      expect(found).toEqual({
        size: most(best.size, size),
        available: most(best.available, available),
        others: least(best.others, others),
      })
      if (size <= best.size && available <= best.available && others >= best.others) expect(found).toBe(best)
    }),
  )
})

test('a deadline is over at its very moment, and failures are too many above their number', () => {
  expect(progressWithin(10, 100, 109)).toEqual({ kind: 'wait', untilMs: 110 })
  expect(progressWithin(10, 100, 110)).toEqual({ kind: 'fail', cause: 'deadline' })
  expect(failuresWithin(2, 2)).toEqual({ kind: 'pass' })
  expect(failuresWithin(2, 3)).toEqual({ kind: 'fail', cause: 'failures' })
})
