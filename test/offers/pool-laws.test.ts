import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runRandomPool } from './random-pool.js'

const seeds = fc.integer({ min: 0, max: 2 ** 31 })

describe('a pool', () => {
  test('keeps its laws whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async seed => void (await runRandomPool(seed, 50))),
      { numRuns: 8 },
    )
  }, 120_000)

  test('that does the same again comes to the same', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async seed => {
        const [once, again] = [await runRandomPool(seed, 40), await runRandomPool(seed, 40)]
        expect(again.outcome).toBe(once.outcome)
      }),
      { numRuns: 2 },
    )
  }, 120_000)
})
