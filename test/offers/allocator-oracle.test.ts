import { describe, expect, test } from 'vitest'
import { RandomCluster } from './random-cluster.js'

const CLUSTERS = 300
const ROUNDS = 4

describe('an allocator grants what the reference grants', () => {
  test(`grant by grant, on ${CLUSTERS} random clusters`, () => {
    let grants = 0
    for (let seed = 0; seed < CLUSTERS; seed++) {
      const cluster = new RandomCluster(seed)
      for (let round = 0; round < ROUNDS; round++) {
        const { ours, theirs } = cluster.round()
        expect(ours, `seed ${seed}, round ${round}`).toEqual(theirs)
        grants += ours.length
      }
    }
    expect(grants).toBeGreaterThan(CLUSTERS * 5)
  }, 120_000)
})
