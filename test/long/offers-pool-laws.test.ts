import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runRandomPool } from '../offers/random-pool.js'

const seeds = fc.integer({ min: 0, max: 2 ** 31 })

describe('a pool', () => {
  test('keeps its laws whatever happens, and comes to the same again', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async seed => {
        const once = await runRandomPool(seed, 120)
        expect((await runRandomPool(seed, 120)).outcome).toBe(once.outcome)
      }),
      { numRuns: 100 },
    )
  }, 1_200_000)
})
