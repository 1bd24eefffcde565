import { describe, expect, test } from 'vitest'
import type { Cluster } from '../fixtures/cluster.js'
import { createCluster } from '../fixtures/cluster.js'

/** Ten replicas of v1 at 25%/25%, and a v2 that never becomes available: `v1×8/8 v2×5/0`. */
async function stuckHalfway(): Promise<Cluster> {
  const cluster = await createCluster()
  await cluster.deploy({ replicas: 10 })
  await cluster.env.advance(10_000)
  cluster.broken.add('v2')
  await cluster.image('v2')
  await cluster.env.advance(60_000)
  expect(cluster.sizes()).toBe('v1×8/8 v2×5/0')
  return cluster
}

const total = (sizes: string): number =>
  sizes.split(' ').reduce((sum, set) => sum + Number(/×(\d+)/.exec(set)?.[1]), 0)

describe('scaling in the middle of a rollout whose new revision does not work', () => {
  test('up: the floor is filled by what works, before the new revision gets anything', async () => {
    const cluster = await stuckHalfway()
    await cluster.change({ replicas: 20 })
    await cluster.env.advance(60_000)
    expect(cluster.sizes()).toBe('v1×15/15 v2×10/0')
    expect(cluster.trace.every(sizes => total(sizes) <= 25)).toBe(true)
  })

  test('down: what is above the ceiling and does not work goes', async () => {
    const cluster = await stuckHalfway()
    await cluster.change({ replicas: 4 })
    await cluster.env.advance(60_000)
    expect(cluster.sizes()).toBe('v1×3/3 v2×2/0')
  })

  test('up once the new revision works after all: the rollout finishes', async () => {
    const cluster = await stuckHalfway()
    await cluster.change({ replicas: 20 })
    await cluster.env.advance(10_000)
    cluster.broken.delete('v2')
    await cluster.change({ replicas: 24 })
    await cluster.env.advance(600_000)
    expect(cluster.sizes()).toBe('v2×24/24')
  })
})
