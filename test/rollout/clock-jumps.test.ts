import { describe, expect, test } from 'vitest'
import { resolveBudget, rolling } from '../../src/rollout/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const program = rolling({
  steps: [{ next: '50%', gates: [{ kind: 'soak', ms: MINUTE }] }],
  progressWithinMs: 10 * MINUTE,
  finishWithinMs: 30 * MINUTE,
})

/** A rollout of ten that takes ten seconds a step, and whose clock jumps once, before a step. */
function jumping(at: number, jumpMs: number): InstantCluster {
  const cluster = runningCluster(10, program)
  cluster.nowMs += 48 * HOUR
  cluster.roll('b')
  const { floor, ceil } = resolveBudget(program.budget, 10)
  for (let step = 0; step < 30; step++) {
    if (step === at) cluster.nowMs += jumpMs
    cluster.step()
    const sets = [...cluster.sets.values()]
    expect(sets.reduce((sum, { available }) => sum + available, 0)).toBeGreaterThanOrEqual(floor)
    expect(sets.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(ceil)
    for (const [name, set] of cluster.sets) cluster.sets.set(name, { ...set, available: set.size })
    cluster.nowMs += 10_000
  }
  return cluster
}

describe.each([
  ['forward', HOUR],
  ['back', -HOUR],
])('a clock that jumps %s by an hour', (way, jumpMs) => {
  test('before any step: the floor holds, and the rollout arrives, or waits for a person who is told why', () => {
    for (let at = 0; at < 16; at++) {
      const cluster = jumping(at, jumpMs)
      const isLate = way === 'forward' && cluster.state?.phase !== 'succeeded'
      if (isLate) {
        // A deadline that is over may be over in truth: a controller that was away for an hour sees the same.
        expect(cluster.state).toMatchObject({
          phase: 'paused',
          failure: { cause: expect.stringContaining('deadline') as string },
        })
        cluster.spec = { ...cluster.spec, retries: 1 }
        cluster.settle()
        cluster.nowMs += MINUTE
        cluster.settle()
      }
      expect([at, cluster.state?.phase, cluster.sizes()]).toEqual([at, 'succeeded', { b: 10 }])
    }
  })
})
