import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { progressiveFill } from '../../src/core/fairness/progressive-fill.js'
import { createAllocator, resources } from '../../src/offers/index.js'

const shape = fc.record({ cpus: fc.integer({ min: 1, max: 6 }), mem: fc.integer({ min: 1, max: 6 }) })
const total = fc.record({ cpus: fc.integer({ min: 20, max: 80 }), mem: fc.integer({ min: 20, max: 80 }) })
const cluster = { total, shapes: fc.array(shape, { minLength: 1, maxLength: 5 }) }

const RUNS = 300

/** Tasks that each framework gets of one agent, one task at a time. */
function tasksByFairGrain(
  amounts: Readonly<Record<string, number>>,
  shapes: readonly Readonly<Record<string, number>>[],
): readonly number[] {
  const allocator = createAllocator({ grain: 'fair', minAllocatable: [] })
  allocator.apply({ type: 'agent', agent: { id: 'a1', resources: resources(amounts) } })
  for (const [n, each] of shapes.entries())
    allocator.apply({
      type: 'framework',
      id: `f${n}`,
      roles: [{ role: `r${n}`, demand: [{ shape: each, count: 1_000 }] }],
    })
  const grants = allocator.run(0)
  return shapes.map((each, n) => {
    const got = grants.find(({ framework }) => framework === `f${n}`)?.resources.quantities()['cpus'] ?? 0
    return got / (each['cpus'] ?? 1)
  })
}

describe('grants in fair grain', () => {
  /**
   * Of a filling that always serves who has the smallest share. Had somebody one task less, nobody would be below them
   * who could take one; tasks are whole, so counts may differ from those of another order of equal shares.
   */
  test('are those of progressive filling: the last task of each was theirs by right', () => {
    const isFilled = (
      amounts: Readonly<Record<'cpus' | 'mem', number>>,
      shapes: readonly Readonly<Record<'cpus' | 'mem', number>>[],
      counts: readonly number[],
    ): void => {
      const left = { ...amounts }
      for (const [n, { cpus, mem }] of shapes.entries()) {
        left.cpus -= cpus * counts[n]!
        left.mem -= mem * counts[n]!
      }
      const share = (n: number, count: number): number =>
        count * Math.max(shapes[n]!.cpus / amounts.cpus, shapes[n]!.mem / amounts.mem)
      for (const [n, own] of shapes.entries())
        for (const [m, other] of shapes.entries()) {
          if (counts[m] === 0 || share(m, counts[m]! - 1) <= share(n, counts[n]!) + 1e-9) continue
          const fits = own.cpus <= left.cpus + other.cpus && own.mem <= left.mem + other.mem
          expect(fits, `f${n} could have had the last task of f${m}`).toBe(false)
        }
    }
    fc.assert(
      fc.property(fc.record(cluster), ({ total: amounts, shapes }) => {
        const users = shapes.map((demand, n) => ({ name: `f${n}`, demand }))
        const { users: filled } = progressiveFill(amounts, users)
        isFilled(
          amounts,
          shapes,
          shapes.map((_shape, n) => filled.get(`f${n}`)?.tasks ?? 0),
        )
        isFilled(amounts, shapes, tasksByFairGrain(amounts, shapes))
      }),
      { numRuns: RUNS },
    )
  })

  test('leave nobody who would rather have what another has, but for one task of the other', () => {
    fc.assert(
      fc.property(fc.record(cluster), ({ total: amounts, shapes }) => {
        const counts = tasksByFairGrain(amounts, shapes)
        const fit = (
          shape: Readonly<Record<string, number>>,
          have: Readonly<Record<string, number>>,
        ): number =>
          Math.min(...Object.keys(shape).map(name => Math.floor((have[name] ?? 0) / (shape[name] as number))))
        for (const [n, shape] of shapes.entries())
          for (const [m, other] of shapes.entries()) {
            const count = Math.max(0, counts[m]! - 1)
            const theirs = { cpus: other.cpus * count, mem: other.mem * count }
            expect(counts[n], `of what f${m} has`).toBeGreaterThanOrEqual(fit(shape, theirs))
          }
      }),
      { numRuns: RUNS },
    )
  })

  /** Whoever stops short finds a resource used up, and nobody was served beyond them by more than one task. */
  test('give each an equal part of the cluster, but for one task of everybody', () => {
    fc.assert(
      fc.property(fc.record(cluster), ({ total: amounts, shapes }) => {
        const counts = tasksByFairGrain(amounts, shapes)
        const oneTask = shapes.map(({ cpus, mem }) => Math.max(cpus / amounts.cpus, mem / amounts.mem))
        const least = (1 - oneTask.reduce((sum, share) => sum + share, 0)) / shapes.length
        for (const [n, count] of counts.entries())
          expect(count * oneTask[n]!, `the share of f${n}`).toBeGreaterThan(least - 1e-9)
      }),
      { numRuns: RUNS },
    )
  })
})
