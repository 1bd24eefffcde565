import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { estimateNodes } from '../../src/scheduling/planning/index.js'

/** Best fit decreasing over nodes of one size; undefined for what fits on none. */
function bestFitDecreasing(sizes: readonly number[], cpu: number, limit: number): (number | undefined)[] {
  const free: number[] = []
  const places = new Map<number, number>()
  const order = [...sizes.keys()].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b)
  for (const index of order) {
    const size = sizes[index] ?? 0
    let best: number | undefined
    for (const [node, left] of free.entries())
      if (left >= size && (best === undefined || left < (free[best] ?? 0))) best = node
    if (best === undefined && size <= cpu && free.length < limit) best = free.push(cpu) - 1
    if (best === undefined) continue
    free[best] = (free[best] ?? 0) - size
    places.set(index, best)
  }
  return sizes.map((_, index) => places.get(index))
}

describe('how many nodes requests need', () => {
  test('law: as by best fit decreasing, within the limit', () => {
    const cases = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 12 }),
      limit: fc.integer({ min: 1, max: 9 }),
    })
    fc.assert(
      fc.property(cases, ({ sizes, limit }) => {
        const requests = sizes.map((cpu, index) => ({ key: `t${index}`, requests: { cpu } }))
        const estimate = estimateNodes({ name: 'n', allocatable: { cpu: 10 }, limit }, requests)
        const expected = bestFitDecreasing(sizes, 10, limit)
        expect(requests.map(({ key }) => estimate.placed.get(key))).toEqual(
          expected.map(node => (node === undefined ? undefined : `n-${node + 1}`)),
        )
        expect(estimate.nodes).toBe(new Set(expected.filter(node => node !== undefined)).size)
        expect(new Set(estimate.unschedulable)).toEqual(
          new Set(requests.filter((_, index) => expected[index] === undefined).map(({ key }) => key)),
        )
      }),
      { numRuns: 60, seed: 7 },
    )
  })
})
