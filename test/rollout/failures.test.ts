import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FailureAction, FailurePolicy, InstanceFailure } from '../../src/rollout/index.js'
import { rolling } from '../../src/rollout/index.js'
import { failuresSince, isCrashLoop } from '../../src/rollout/instance-failure.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { createInstantCluster, runningCluster } from './fixtures/instant-cluster.js'

const failed = (id: string, atMs: number): InstanceFailure => ({ id, atMs, cause: 'crash' })

/** Instances of the template end, one at each of these times from now on. */
function crash(cluster: InstantCluster, template: string, afterMs: readonly number[]): void {
  const set = cluster.sets.get(template)!
  const failures = afterMs.map((ms, index) => failed(`${template}-${index}`, cluster.nowMs + ms))
  cluster.sets.set(template, { ...set, available: 0, failed: failures.length, failures })
  cluster.nowMs += Math.max(...afterMs)
}

describe('a crash loop', () => {
  test('is three different instances within a minute, told by an obvious search', () => {
    const failures = fc.array(
      fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), atMs: fc.nat(200_000) }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(failures, fc.nat(200_000), (found, sinceMs) => {
        const all = failuresSince(
          found.map(({ id, atMs }) => failed(id, atMs)),
          sinceMs,
        )
        const isLoop = all.some(one =>
          all.some(two =>
            all.some(
              three =>
                new Set([one.id, two.id, three.id]).size === 3 &&
                Math.max(one.atMs, two.atMs, three.atMs) - Math.min(one.atMs, two.atMs, three.atMs) <= 60_000,
            ),
          ),
        )
        expect(
          isCrashLoop(
            found.map(({ id, atMs }) => failed(id, atMs)),
            sinceMs,
          ),
        ).toBe(isLoop)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is judged by the newest 1,000 failures', () => {
    const many = Array.from({ length: 1_500 }, (_, index) => failed(`x${index}`, index))
    expect(failuresSince(many, 0)).toHaveLength(1_000)
    expect(failuresSince(many, 0)[0]).toEqual(many[500])
  })

  test.each([
    [[0, 30_000, 60_000], 'reverting'],
    [[0, 30_000, 60_001], 'progressing'],
  ])('of instances that end after %j ms', (afterMs, phase) => {
    const cluster = runningCluster(4)
    cluster.roll('b')
    cluster.settle(['b'])
    crash(cluster, 'b', afterMs)
    cluster.step()
    expect(cluster.state?.phase).toBe(phase)
    cluster.settle()
    expect(cluster.sizes()).toEqual(phase === 'reverting' ? { a: 4 } : { b: 4 })
  })

  test('before the rollout began is none of its business, nor is one of another template', () => {
    const cluster = runningCluster(4)
    cluster.sets.set('b', { template: 'b', size: 0, available: 0 })
    crash(cluster, 'b', [0, 1, 2])
    cluster.nowMs += 1
    cluster.roll('b')
    cluster.settle(['b'])
    crash(cluster, 'a', [0, 1, 2])
    cluster.step()
    expect(cluster.state?.phase).toBe('progressing')
  })

  test('of a first template, with nothing to go back to, is told, and the rollout may still succeed', () => {
    const cluster = createInstantCluster(2)
    cluster.settle(['a'])
    crash(cluster, 'a', [0, 1, 2])
    cluster.step()
    expect(cluster.outcomes).toEqual(['1 failed crash-loop'])
    cluster.settle()
    expect(cluster.outcomes).toEqual(['1 failed crash-loop', '1 succeeded'])
  })
})

describe('an instance that is not ready in time', () => {
  test('fails the rollout at that very instant', () => {
    const cluster = runningCluster(4, rolling({ readyWithinMs: 30_000 }))
    cluster.roll('b')
    cluster.settle(['b'])
    const unreadySinceMs = cluster.nowMs + 5_000
    cluster.sets.set('b', { ...cluster.sets.get('b')!, unreadySinceMs })
    expect(cluster.step().wakeAtMs).toBe(unreadySinceMs + 30_000)
    cluster.nowMs = unreadySinceMs + 29_999
    cluster.step()
    expect(cluster.state?.phase).toBe('progressing')
    cluster.nowMs += 1
    cluster.step()
    expect(cluster.outcomes.at(-1)).toBe('2 failed readiness')
    expect(cluster.state?.phase).toBe('reverting')
  })
})

describe('a rollout that must be finished in time', () => {
  test('fails when it is not, however much progress it makes; a pause does not count', () => {
    const cluster = runningCluster(4, rolling({ finishWithinMs: 60_000, maxSurge: 1, maxUnavailable: 0 }))
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.spec = { ...cluster.spec, paused: true }
    cluster.step()
    cluster.nowMs += 3_600_000
    cluster.spec = { ...cluster.spec, paused: false }
    expect(cluster.step().wakeAtMs).toBe(cluster.nowMs + 60_000)
    cluster.nowMs += 60_000
    cluster.step()
    expect(cluster.outcomes.at(-1)).toBe('2 failed finish-deadline')
  })
})

/** Makes a running cluster fail for each sort of cause. */
const failings: Readonly<Record<string, (cluster: InstantCluster) => void>> = {
  crash: cluster => crash(cluster, 'b', [0, 1, 2]),
  readiness: cluster => {
    cluster.sets.set('b', { ...cluster.sets.get('b')!, unreadySinceMs: cluster.nowMs })
    cluster.nowMs += 30_000
  },
  deadline: cluster => {
    cluster.nowMs += 600_000
  },
}

describe('what follows from a failure', () => {
  const phases: Readonly<Record<FailureAction, string>> = {
    continue: 'progressing',
    pause: 'paused',
    abort: 'aborted',
    revert: 'reverting',
  }
  const cases: [string, FailurePolicy, FailureAction][] = Object.keys(failings).flatMap(sort => [
    [sort, {}, sort === 'deadline' ? 'pause' : 'revert'],
    ...(['continue', 'pause', 'abort', 'revert'] as const).flatMap(
      (action): [string, FailurePolicy, FailureAction][] => [
        [sort, { action }, action],
        [sort, { action: 'continue', [sort]: action }, action],
      ],
    ),
  ])
  test.each(cases)('%s with %j: %s', (sort, policy, action) => {
    const cluster = runningCluster(4, rolling({ readyWithinMs: 30_000, onFailure: policy }))
    cluster.roll('b')
    cluster.settle(['b'])
    failings[sort]?.(cluster)
    cluster.step()
    expect(cluster.state?.phase).toBe(phases[action])
  })

  test('that was only told does not hide one of more weight that comes later', () => {
    const cluster = runningCluster(4, rolling({ onFailure: { crash: 'continue', deadline: 'revert' } }))
    cluster.roll('b')
    cluster.settle(['b'])
    crash(cluster, 'b', [0, 1, 2])
    expect(cluster.step().wakeAtMs).toBeDefined()
    expect(cluster.state).toMatchObject({ phase: 'progressing', failure: { cause: 'crash-loop' } })
    cluster.nowMs += 600_000
    cluster.step()
    expect(cluster.state?.phase).toBe('reverting')
  })

  test('is told of no time at which nothing was wanted: the clocks begin again with the first instance', () => {
    const cluster = runningCluster(4, rolling({ finishWithinMs: 60_000, progressWithinMs: 30_000 }))
    cluster.roll('b')
    cluster.step()
    cluster.spec = { ...cluster.spec, desired: 0 }
    cluster.settle()
    cluster.nowMs += 3_600_000
    cluster.spec = { ...cluster.spec, desired: 4 }
    cluster.step()
    expect(cluster.state?.phase).toBe('progressing')
    cluster.settle()
    expect(cluster.outcomes.at(-1)).toBe('2 succeeded')
  })

  test('with no reverts allowed is a halt', () => {
    const cluster = runningCluster(4, rolling({ onFailure: { maxReverts: 0 } }))
    cluster.roll('b')
    cluster.settle(['b'])
    crash(cluster, 'b', [0, 1, 2])
    expect(cluster.step().blockers[0]).toEqual({ kind: 'halted' })
  })

  test('that aborts with nothing stable is a halt', () => {
    const cluster = createInstantCluster(2, rolling({ onFailure: 'abort' }))
    cluster.settle(['a'])
    cluster.nowMs += 600_000
    cluster.step()
    expect(cluster.state?.phase).toBe('halted')
  })
})
