import { describe, expect, test } from 'vitest'
import { describeBlocker, recreate, rolling } from '../../src/rollout/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { createInstantCluster, runningCluster } from './fixtures/instant-cluster.js'

const MINUTE = 60_000

/** Rolls to a template that never becomes available and lets the deadline pass. */
function breakDown(cluster: InstantCluster, template = 'b'): void {
  cluster.roll(template)
  cluster.settle([template])
  cluster.nowMs += 10 * MINUTE
  cluster.step()
}

describe('a clock that was put back by a day', () => {
  const DAY = 1_440 * MINUTE

  test.each([
    ['of progress', rolling({ progressWithinMs: 10 * MINUTE }), 'paused'],
    ['of the whole', rolling({ progressWithinMs: Infinity, finishWithinMs: 10 * MINUTE }), 'paused'],
  ])('begins the deadline %s again, and makes it no longer', (_, program, phase) => {
    const cluster = runningCluster(4, program)
    cluster.nowMs += 2 * DAY
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.nowMs -= DAY
    expect(cluster.step().wakeAtMs).toBe(cluster.nowMs + 10 * MINUTE)
    cluster.nowMs += 10 * MINUTE
    cluster.step()
    expect(cluster.state?.phase).toBe(phase)
  })

  test('begins a soak again, and makes it no longer', () => {
    const gates = [{ kind: 'soak', ms: 10 * MINUTE }] as const
    const cluster = runningCluster(4, rolling({ steps: [{ next: 1, gates }] }))
    cluster.nowMs += 2 * DAY
    cluster.roll('b')
    cluster.settle()
    cluster.nowMs -= DAY
    expect(cluster.step().wakeAtMs).toBe(cluster.nowMs + 10 * MINUTE)
    cluster.nowMs += 10 * MINUTE
    cluster.settle()
    expect(cluster.sizes()).toEqual({ b: 4 })
  })

  test('still sees tasks that keep ending', () => {
    const cluster = runningCluster(4)
    cluster.nowMs += 2 * DAY
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.nowMs -= DAY
    cluster.step()
    const failures = [0, 1, 2].map(id => ({ id: `${id}`, atMs: cluster.nowMs + id, cause: 'crash' as const }))
    cluster.nowMs += 2
    cluster.sets.set('b', { ...cluster.sets.get('b')!, failures })
    cluster.step()
    expect(cluster.state).toMatchObject({ phase: 'reverting', failure: { cause: 'crash-loop' } })
  })
})

describe('the walk', () => {
  test.each([
    [10, { maxSurge: '25%', maxUnavailable: '25%' }, ['a10', 'a8+b3', 'a5+b5', 'a3+b8', 'b10']],
    [3, { maxSurge: 1, maxUnavailable: 0 }, ['a3', 'a3+b1', 'a2+b1', 'a2+b2', 'a1+b2', 'a1+b3', 'b3']],
    [3, { maxSurge: 0, maxUnavailable: 1 }, ['a3', 'a2', 'a2+b1', 'a1+b1', 'a1+b2', 'b2', 'b3']],
    [1, { maxSurge: 0, maxUnavailable: '25%' }, ['a1', 'a1+b1', 'b1']],
  ])('of %i at %j', (desired, budget, trace) => {
    const cluster = runningCluster(desired, rolling(budget))
    cluster.roll('b')
    expect(cluster.settle()).toEqual(trace)
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 succeeded'])
    expect(cluster.state?.phase).toBe('succeeded')
  })

  test('starts a first template at full size', () => {
    const cluster = createInstantCluster(4)
    expect(cluster.settle()).toEqual(['', 'a4'])
    expect(cluster.state?.phase).toBe('succeeded')
  })

  test('passes each waypoint only once all of it is available', () => {
    const cluster = runningCluster(10, rolling({ maxSurge: 2, maxUnavailable: 0, steps: [1, '50%'] }))
    cluster.roll('b')
    cluster.settle(['b'])
    expect(cluster.sizes()).toEqual({ a: 10, b: 1 })
    expect(cluster.settle()).toEqual([
      'a10+b1',
      'a9+b1',
      'a9+b3',
      'a7+b3',
      'a7+b5',
      'a5+b5',
      'a5+b7',
      'a3+b7',
      'a3+b9',
      'a1+b9',
      'a1+b10',
      'b10',
    ])
  })

  test('to counts that do not add up to the floor keeps the floor, says what stays, and is late', () => {
    const cluster = runningCluster(
      10,
      rolling({ steps: [{ next: 1, stable: 1 }], progressWithinMs: 10 * MINUTE }),
    )
    cluster.roll('b')
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 7, b: 1 })
    expect(cluster.step().blockers.map(describeBlocker)).toEqual([
      'template a must stay: 8 available, at least 8 needed',
    ])
    cluster.nowMs += 10 * MINUTE
    cluster.step()
    expect([cluster.state?.phase, cluster.outcomes.at(-1)]).toEqual(['paused', '2 failed deadline'])
  })

  test('of a Recreate waits until what leaves has stopped', () => {
    const cluster = runningCluster(3, recreate())
    cluster.roll('b')
    cluster.step()
    expect(cluster.sizes()).toEqual({})
    cluster.sets.set('a', { template: 'a', size: 0, available: 0, stopping: 2 })
    expect(cluster.step().blockers).toEqual([{ kind: 'barrier', count: 2 }])
    cluster.sets.set('a', { template: 'a', size: 0, available: 0, stopping: 0 })
    expect(cluster.settle()).toEqual(['', 'b3'])
  })

  test('waits for stopping instances below a ceiling that counts them', () => {
    const cluster = runningCluster(4, rolling({ maxSurge: 1, maxUnavailable: 1, countStopping: true }))
    cluster.roll('b')
    cluster.sets.set('a', { template: 'a', size: 3, available: 3, stopping: 2 })
    cluster.step()
    expect(cluster.sizes()).toEqual({ a: 3 })
    cluster.sets.set('a', { template: 'a', size: 3, available: 3, stopping: 0 })
    cluster.step()
    expect(cluster.sizes()).toEqual({ a: 3, b: 2 })
  })

  test('takes nothing away while a resize is unobserved, and says so', () => {
    const cluster = runningCluster(4, rolling({ maxSurge: 1, maxUnavailable: 1 }))
    cluster.roll('b')
    cluster.sets.set('a', { template: 'a', size: 4, available: 4, observed: false })
    const { actions, blockers } = cluster.step()
    expect(actions).toEqual([{ op: 'size', template: 'b', size: 1 }])
    expect(blockers.map(describeBlocker)).toContain('the last resize of template a has not been observed yet')
  })

  test('does not succeed before the last resize is observed', () => {
    const cluster = runningCluster(1, rolling({ maxSurge: 1, maxUnavailable: 0 }))
    cluster.roll('b')
    cluster.settle()
    cluster.state = { ...cluster.state!, phase: 'progressing' }
    cluster.sets.set('a', { template: 'a', size: 0, available: 0, observed: false })
    cluster.step()
    expect(cluster.state?.phase).toBe('progressing')
  })
})

describe('a change midway', () => {
  test('of the count is taken up, and the rollout goes on', () => {
    const cluster = runningCluster(10, rolling({ maxSurge: 2, maxUnavailable: 0 }))
    cluster.roll('b')
    cluster.step()
    cluster.spec = { ...cluster.spec, desired: 4 }
    cluster.settle()
    expect(cluster.sizes()).toEqual({ b: 4 })
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 succeeded'])
  })

  test('of the template supersedes the first, and drains the half-done one before the good one', () => {
    const cluster = runningCluster(10, rolling({ maxSurge: 3, maxUnavailable: 2 }))
    cluster.roll('b')
    cluster.settle(['b'])
    expect(cluster.sizes()).toEqual({ a: 8, b: 5 })
    cluster.roll('c')
    cluster.step()
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 superseded'])
    expect(cluster.sizes()).toEqual({ a: 8 })
    cluster.settle()
    expect(cluster.sizes()).toEqual({ c: 10 })
  })

  test('drains the half-done template first even when all of it is available', () => {
    const cluster = runningCluster(10, rolling({ maxSurge: 3, maxUnavailable: 2 }))
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.sets.set('b', { template: 'b', size: 5, available: 5 })
    cluster.roll('c')
    cluster.step()
    expect(cluster.sizes()).toEqual({ a: 8 })
  })

  test('of the template does not call a failure superseded', () => {
    const cluster = runningCluster(4)
    breakDown(cluster)
    cluster.roll('c')
    cluster.settle()
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 failed deadline', '3 succeeded'])
  })

  test('to zero proves nothing: the rollout waits, without a deadline, for instances to judge', () => {
    const cluster = runningCluster(3)
    cluster.roll('b', { desired: 0 })
    const { wakeAtMs } = cluster.step()
    cluster.settle()
    expect([wakeAtMs, cluster.state?.phase, cluster.sizes()]).toEqual([undefined, 'progressing', {}])
    cluster.nowMs += 60 * MINUTE
    expect(cluster.step().blockers).toEqual([{ kind: 'scaled-to-zero' }])
    cluster.spec = { ...cluster.spec, desired: 2 }
    expect(cluster.step().wakeAtMs).toBe(cluster.nowMs + 10 * MINUTE)
    cluster.settle()
    expect(cluster.outcomes.at(-1)).toBe('2 succeeded')
  })
})

describe('a pause', () => {
  test('keeps sizes, and stops the clock', () => {
    const cluster = runningCluster(4, rolling({ maxSurge: 1, maxUnavailable: 0 }))
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.nowMs += 4 * MINUTE
    cluster.spec = { ...cluster.spec, paused: true }
    expect(cluster.step()).toMatchObject({
      actions: [],
      blockers: [{ kind: 'paused', by: 'spec' }, { kind: 'unready' }],
    })
    cluster.nowMs += 100 * MINUTE
    cluster.settle()
    expect([cluster.state?.phase, cluster.sizes()]).toEqual(['paused', { a: 4, b: 1 }])
    cluster.sets.set('b', { template: 'b', size: 1, available: 0 })
    cluster.spec = { ...cluster.spec, paused: false }
    expect(cluster.step().wakeAtMs).toBe(cluster.nowMs + 6 * MINUTE)
    cluster.settle()
    expect(cluster.outcomes.at(-1)).toBe('2 succeeded')
  })

  test('lets scaling through, in the proportion that was there', () => {
    const cluster = runningCluster(4, rolling({ maxSurge: 2, maxUnavailable: 2 }))
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.spec = { ...cluster.spec, paused: true }
    cluster.step()
    expect(cluster.sizes()).toEqual({ a: 2, b: 4 })
    cluster.spec = { ...cluster.spec, desired: 7 }
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 3, b: 6 })
    cluster.spec = { ...cluster.spec, desired: 1 }
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 1, b: 2 })
  })

  test('after which capacity comes from the good template and goes from the doubtful one', () => {
    const cluster = runningCluster(4, rolling({ maxSurge: 2, maxUnavailable: 2 }))
    cluster.roll('b')
    cluster.settle()
    cluster.roll('c')
    cluster.settle(['c'])
    cluster.spec = { ...cluster.spec, paused: true }
    cluster.step()
    expect(cluster.sizes()).toEqual({ b: 2, c: 4 })
    // Room for one only: the stable template grows, although the other one's share has grown more.
    cluster.sets.set('c', { ...cluster.sets.get('c')!, available: 4 })
    cluster.state = { ...cluster.state!, held: { desired: 4, sizes: { b: 4, c: 4 } } }
    cluster.sets.set('c', { template: 'c', size: 3, available: 3 })
    cluster.step()
    expect(cluster.sizes()).toEqual({ b: 3, c: 3 })
    // Only two may go: both come from the doubtful template.
    cluster.spec = { ...cluster.spec, program: rolling({ maxSurge: 2, maxUnavailable: 0 }) }
    cluster.state = { ...cluster.state, held: { desired: 4, sizes: { b: 1, c: 1 } } }
    cluster.sets.set('b', { template: 'b', size: 3, available: 3 })
    cluster.step()
    expect(cluster.sizes()).toEqual({ b: 3, c: 1 })
  })

  test('of a finished rollout does not hinder scaling', () => {
    const cluster = runningCluster(4)
    cluster.spec = { ...cluster.spec, paused: true, desired: 9 }
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 9 })
  })

  test('holds back a new template from its first instance on', () => {
    const cluster = runningCluster(4)
    cluster.roll('b', { paused: true })
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 4 })
  })
})

describe('a failure', () => {
  test('is the absence of progress for so long; flapping is no progress', () => {
    const cluster = runningCluster(4, rolling({ maxSurge: 1, maxUnavailable: 0, onFailure: 'continue' }))
    cluster.roll('b')
    cluster.settle(['b'])
    const start = cluster.nowMs
    for (let minute = 1; minute <= 11; minute++) {
      cluster.nowMs = start + minute * MINUTE
      // An old instance comes and goes: it is nothing that the rollout has won.
      cluster.sets.set('a', { template: 'a', size: 4, available: 4 - (minute % 2) })
      cluster.step()
    }
    expect(cluster.outcomes.at(-1)).toBe('2 failed deadline')
    expect(cluster.state).toMatchObject({
      phase: 'progressing',
      failure: { cause: 'deadline', atMs: start + 10 * MINUTE },
    })
  })

  test('that is only reported may still turn out well', () => {
    const cluster = runningCluster(4, rolling({ onFailure: 'continue' }))
    breakDown(cluster)
    cluster.settle()
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 failed deadline', '2 succeeded'])
    expect(cluster.state?.failure).toBeUndefined()
  })

  test('that pauses stands still until the pause is lifted, which is a retry with a fresh clock', () => {
    const cluster = runningCluster(4, rolling({ maxSurge: 1, maxUnavailable: 0 }))
    breakDown(cluster)
    cluster.settle()
    expect([cluster.state?.phase, cluster.sizes()]).toEqual(['paused', { a: 4, b: 1 }])
    cluster.spec = { ...cluster.spec, paused: true }
    cluster.step()
    cluster.spec = { ...cluster.spec, paused: false }
    cluster.sets.set('b', { template: 'b', size: 1, available: 0 })
    expect(cluster.step().wakeAtMs).toBe(cluster.nowMs + 10 * MINUTE)
    cluster.settle()
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 failed deadline', '2 succeeded'])
  })

  test('that reverts goes back to what succeeded last, under a number of its own', () => {
    const cluster = runningCluster(4, rolling({ onFailure: 'revert' }))
    cluster.roll('b')
    cluster.settle()
    breakDown(cluster, 'c')
    expect(cluster.state).toMatchObject({
      phase: 'reverting',
      template: 'b',
      entry: 4,
      failure: { entry: 3, template: 'c' },
    })
    cluster.settle()
    expect(cluster.sizes()).toEqual({ b: 4 })
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 succeeded', '3 failed deadline', '4 succeeded'])
    expect(cluster.state).toMatchObject({ phase: 'reverted', failure: { template: 'c' } })
  })

  test('of a revert halts, with the capacity that is left', () => {
    const cluster = runningCluster(4, rolling({ onFailure: 'revert' }))
    breakDown(cluster)
    cluster.sets.set('a', { template: 'a', size: 3, available: 3 })
    cluster.settle(['a'])
    cluster.nowMs += 10 * MINUTE
    expect(cluster.step().blockers[0]).toEqual({ kind: 'halted' })
    const sizes = cluster.sizes()
    cluster.nowMs += 1000 * MINUTE
    cluster.settle()
    expect([cluster.state?.phase, cluster.state?.reverts, cluster.sizes()]).toEqual(['halted', 1, sizes])
    expect(cluster.outcomes).toEqual(['1 succeeded', '2 failed deadline', '3 failed deadline'])
  })

  test('with nothing to go back to halts; what succeeded last is no way back from itself', () => {
    const first = createInstantCluster(2, rolling({ onFailure: 'revert' }))
    first.settle(['a'])
    first.nowMs += 10 * MINUTE
    first.step()
    expect([first.state?.phase, first.outcomes]).toEqual(['halted', ['1 failed deadline']])

    const again = runningCluster(2, rolling({ onFailure: 'revert' }))
    again.roll('b')
    again.settle(['b'])
    again.roll('a')
    again.sets.set('a', { ...again.sets.get('a')!, available: 0 })
    again.settle(['a'])
    again.nowMs += 10 * MINUTE
    again.step()
    expect([again.state?.phase, again.spec.entry]).toEqual(['halted', 3])
  })

  test('a new template leaves a halted rollout behind', () => {
    const cluster = createInstantCluster(2, rolling({ onFailure: 'revert' }))
    cluster.settle(['a'])
    cluster.nowMs += 10 * MINUTE
    cluster.step()
    cluster.roll('b')
    cluster.settle()
    expect([cluster.sizes(), cluster.outcomes]).toEqual([{ b: 2 }, ['1 failed deadline', '2 succeeded']])
  })

  test('counts instances that failed since the rollout began, when a number is given', () => {
    const cluster = runningCluster(4, rolling({ maxFailures: 2, onFailure: 'revert' }))
    cluster.sets.set('b', { template: 'b', size: 0, available: 0, failed: 5 })
    cluster.roll('b')
    cluster.settle(['b'])
    cluster.sets.set('b', { ...cluster.sets.get('b')!, failed: 7 })
    cluster.step()
    expect(cluster.state?.phase).toBe('progressing')
    cluster.sets.set('b', { ...cluster.sets.get('b')!, failed: 8 })
    cluster.step()
    expect([cluster.outcomes.at(-1), cluster.spec.template]).toEqual(['2 failed failures', 'a'])
  })
})
