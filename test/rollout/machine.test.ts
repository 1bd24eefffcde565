import { describe, expect, test } from 'vitest'
import { describeBlocker, recreate, rolling } from '../../src/rollout/index.js'
import type { World } from './world.js'
import { createWorld, runningWorld } from './world.js'

const MINUTE = 60_000

/** Rolls to a template that never becomes available and lets the deadline pass. */
function breakDown(world: World, template = 'b'): void {
  world.roll(template)
  world.settle([template])
  world.nowMs += 10 * MINUTE
  world.step()
}

describe('the walk', () => {
  test.each([
    [10, { maxSurge: '25%', maxUnavailable: '25%' }, ['a10', 'a8+b3', 'a5+b5', 'a3+b8', 'b10']],
    [3, { maxSurge: 1, maxUnavailable: 0 }, ['a3', 'a3+b1', 'a2+b1', 'a2+b2', 'a1+b2', 'a1+b3', 'b3']],
    [3, { maxSurge: 0, maxUnavailable: 1 }, ['a3', 'a2', 'a2+b1', 'a1+b1', 'a1+b2', 'b2', 'b3']],
    [1, { maxSurge: 0, maxUnavailable: '25%' }, ['a1', 'a1+b1', 'b1']],
  ])('of %i at %j', (desired, budget, trace) => {
    const world = runningWorld(desired, rolling(budget))
    world.roll('b')
    expect(world.settle()).toEqual(trace)
    expect(world.outcomes).toEqual(['1 succeeded', '2 succeeded'])
    expect(world.state?.phase).toBe('succeeded')
  })

  test('starts a first template at full size', () => {
    const world = createWorld(4)
    expect(world.settle()).toEqual(['', 'a4'])
    expect(world.state?.phase).toBe('succeeded')
  })

  test('passes each waypoint only once all of it is available', () => {
    const world = runningWorld(10, rolling({ maxSurge: 2, maxUnavailable: 0, steps: [1, '50%'] }))
    world.roll('b')
    world.settle(['b'])
    expect(world.sizes()).toEqual({ a: 10, b: 1 })
    expect(world.settle()).toEqual([
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

  test('of a Recreate waits until what leaves has stopped', () => {
    const world = runningWorld(3, recreate())
    world.roll('b')
    world.step()
    expect(world.sizes()).toEqual({})
    world.sets.set('a', { template: 'a', size: 0, available: 0, stopping: 2 })
    expect(world.step().blockers).toEqual([{ kind: 'barrier', count: 2 }])
    world.sets.set('a', { template: 'a', size: 0, available: 0, stopping: 0 })
    expect(world.settle()).toEqual(['', 'b3'])
  })

  test('waits for stopping instances below a ceiling that counts them', () => {
    const world = runningWorld(4, rolling({ maxSurge: 1, maxUnavailable: 1, countStopping: true }))
    world.roll('b')
    world.sets.set('a', { template: 'a', size: 3, available: 3, stopping: 2 })
    world.step()
    expect(world.sizes()).toEqual({ a: 3 })
    world.sets.set('a', { template: 'a', size: 3, available: 3, stopping: 0 })
    world.step()
    expect(world.sizes()).toEqual({ a: 3, b: 2 })
  })

  test('takes nothing away while a resize is unobserved, and says so', () => {
    const world = runningWorld(4, rolling({ maxSurge: 1, maxUnavailable: 1 }))
    world.roll('b')
    world.sets.set('a', { template: 'a', size: 4, available: 4, observed: false })
    const { actions, blockers } = world.step()
    expect(actions).toEqual([{ op: 'size', template: 'b', size: 1 }])
    expect(blockers.map(describeBlocker)).toContain('the last resize of template a has not been observed yet')
  })

  test('does not succeed before the last resize is observed', () => {
    const world = runningWorld(1, rolling({ maxSurge: 1, maxUnavailable: 0 }))
    world.roll('b')
    world.settle()
    world.state = { ...world.state!, phase: 'progressing' }
    world.sets.set('a', { template: 'a', size: 0, available: 0, observed: false })
    world.step()
    expect(world.state?.phase).toBe('progressing')
  })
})

describe('a change midway', () => {
  test('of the count is taken up, and the rollout goes on', () => {
    const world = runningWorld(10, rolling({ maxSurge: 2, maxUnavailable: 0 }))
    world.roll('b')
    world.step()
    world.spec = { ...world.spec, desired: 4 }
    world.settle()
    expect(world.sizes()).toEqual({ b: 4 })
    expect(world.outcomes).toEqual(['1 succeeded', '2 succeeded'])
  })

  test('of the template supersedes the first, and drains the half-done one before the good one', () => {
    const world = runningWorld(10, rolling({ maxSurge: 3, maxUnavailable: 2 }))
    world.roll('b')
    world.settle(['b'])
    expect(world.sizes()).toEqual({ a: 8, b: 5 })
    world.roll('c')
    world.step()
    expect(world.outcomes).toEqual(['1 succeeded', '2 superseded'])
    expect(world.sizes()).toEqual({ a: 8 })
    world.settle()
    expect(world.sizes()).toEqual({ c: 10 })
  })

  test('drains the half-done template first even when all of it is available', () => {
    const world = runningWorld(10, rolling({ maxSurge: 3, maxUnavailable: 2 }))
    world.roll('b')
    world.settle(['b'])
    world.sets.set('b', { template: 'b', size: 5, available: 5 })
    world.roll('c')
    world.step()
    expect(world.sizes()).toEqual({ a: 8 })
  })

  test('of the template does not call a failure superseded', () => {
    const world = runningWorld(4)
    breakDown(world)
    world.roll('c')
    world.settle()
    expect(world.outcomes).toEqual(['1 succeeded', '2 failed deadline', '3 succeeded'])
  })

  test('to zero proves nothing: the rollout waits, without a deadline, for instances to judge', () => {
    const world = runningWorld(3)
    world.roll('b', { desired: 0 })
    const { wakeAtMs } = world.step()
    world.settle()
    expect([wakeAtMs, world.state?.phase, world.sizes()]).toEqual([undefined, 'progressing', {}])
    world.nowMs += 60 * MINUTE
    expect(world.step().blockers).toEqual([{ kind: 'scaled-to-zero' }])
    world.spec = { ...world.spec, desired: 2 }
    expect(world.step().wakeAtMs).toBe(world.nowMs + 10 * MINUTE)
    world.settle()
    expect(world.outcomes.at(-1)).toBe('2 succeeded')
  })
})

describe('a pause', () => {
  test('keeps sizes, and stops the clock', () => {
    const world = runningWorld(4, rolling({ maxSurge: 1, maxUnavailable: 0 }))
    world.roll('b')
    world.settle(['b'])
    world.nowMs += 4 * MINUTE
    world.spec = { ...world.spec, paused: true }
    expect(world.step()).toMatchObject({
      actions: [],
      blockers: [{ kind: 'paused', by: 'spec' }, { kind: 'unready' }],
    })
    world.nowMs += 100 * MINUTE
    world.settle()
    expect([world.state?.phase, world.sizes()]).toEqual(['paused', { a: 4, b: 1 }])
    world.sets.set('b', { template: 'b', size: 1, available: 0 })
    world.spec = { ...world.spec, paused: false }
    expect(world.step().wakeAtMs).toBe(world.nowMs + 6 * MINUTE)
    world.settle()
    expect(world.outcomes.at(-1)).toBe('2 succeeded')
  })

  test('lets scaling through, in the proportion that was there', () => {
    const world = runningWorld(4, rolling({ maxSurge: 2, maxUnavailable: 2 }))
    world.roll('b')
    world.settle(['b'])
    world.spec = { ...world.spec, paused: true }
    world.step()
    expect(world.sizes()).toEqual({ a: 2, b: 4 })
    world.spec = { ...world.spec, desired: 7 }
    world.settle()
    expect(world.sizes()).toEqual({ a: 3, b: 6 })
    world.spec = { ...world.spec, desired: 1 }
    world.settle()
    expect(world.sizes()).toEqual({ a: 1, b: 2 })
  })

  test('after which capacity comes from the good template and goes from the doubtful one', () => {
    const world = runningWorld(4, rolling({ maxSurge: 2, maxUnavailable: 2 }))
    world.roll('b')
    world.settle()
    world.roll('c')
    world.settle(['c'])
    world.spec = { ...world.spec, paused: true }
    world.step()
    expect(world.sizes()).toEqual({ b: 2, c: 4 })
    // Room for one only: the stable template grows, although the other one's share has grown more.
    world.sets.set('c', { ...world.sets.get('c')!, available: 4 })
    world.state = { ...world.state!, held: { desired: 4, sizes: { b: 4, c: 4 } } }
    world.sets.set('c', { template: 'c', size: 3, available: 3 })
    world.step()
    expect(world.sizes()).toEqual({ b: 3, c: 3 })
    // Only two may go: both come from the doubtful template.
    world.spec = { ...world.spec, program: rolling({ maxSurge: 2, maxUnavailable: 0 }) }
    world.state = { ...world.state, held: { desired: 4, sizes: { b: 1, c: 1 } } }
    world.sets.set('b', { template: 'b', size: 3, available: 3 })
    world.step()
    expect(world.sizes()).toEqual({ b: 3, c: 1 })
  })

  test('of a finished rollout does not hinder scaling', () => {
    const world = runningWorld(4)
    world.spec = { ...world.spec, paused: true, desired: 9 }
    world.settle()
    expect(world.sizes()).toEqual({ a: 9 })
  })

  test('holds back a new template from its first instance on', () => {
    const world = runningWorld(4)
    world.roll('b', { paused: true })
    world.settle()
    expect(world.sizes()).toEqual({ a: 4 })
  })
})

describe('a failure', () => {
  test('is the absence of progress for so long; flapping is no progress', () => {
    const world = runningWorld(4, rolling({ maxSurge: 1, maxUnavailable: 0, onFailure: 'report' }))
    world.roll('b')
    world.settle(['b'])
    const start = world.nowMs
    for (let minute = 1; minute <= 11; minute++) {
      world.nowMs = start + minute * MINUTE
      // An old instance comes and goes: it is nothing that the rollout has won.
      world.sets.set('a', { template: 'a', size: 4, available: 4 - (minute % 2) })
      world.step()
    }
    expect(world.outcomes.at(-1)).toBe('2 failed deadline')
    expect(world.state).toMatchObject({
      phase: 'progressing',
      failure: { cause: 'deadline', atMs: start + 10 * MINUTE },
    })
  })

  test('that is only reported may still turn out well', () => {
    const world = runningWorld(4, rolling({ onFailure: 'report' }))
    breakDown(world)
    world.settle()
    expect(world.outcomes).toEqual(['1 succeeded', '2 failed deadline', '2 succeeded'])
    expect(world.state?.failure).toBeUndefined()
  })

  test('that pauses stands still until the pause is lifted, which is a retry with a fresh clock', () => {
    const world = runningWorld(4, rolling({ maxSurge: 1, maxUnavailable: 0 }))
    breakDown(world)
    world.settle()
    expect([world.state?.phase, world.sizes()]).toEqual(['paused', { a: 4, b: 1 }])
    world.spec = { ...world.spec, paused: true }
    world.step()
    world.spec = { ...world.spec, paused: false }
    world.sets.set('b', { template: 'b', size: 1, available: 0 })
    expect(world.step().wakeAtMs).toBe(world.nowMs + 10 * MINUTE)
    world.settle()
    expect(world.outcomes).toEqual(['1 succeeded', '2 failed deadline', '2 succeeded'])
  })

  test('that reverts goes back to what succeeded last, under a number of its own', () => {
    const world = runningWorld(4, rolling({ onFailure: 'revert' }))
    world.roll('b')
    world.settle()
    breakDown(world, 'c')
    expect(world.state).toMatchObject({
      phase: 'reverting',
      template: 'b',
      entry: 4,
      failure: { entry: 3, template: 'c' },
    })
    world.settle()
    expect(world.sizes()).toEqual({ b: 4 })
    expect(world.outcomes).toEqual(['1 succeeded', '2 succeeded', '3 failed deadline', '4 succeeded'])
    expect(world.state).toMatchObject({ phase: 'reverted', failure: { template: 'c' } })
  })

  test('of a revert halts, with the capacity that is left', () => {
    const world = runningWorld(4, rolling({ onFailure: 'revert' }))
    breakDown(world)
    world.sets.set('a', { template: 'a', size: 3, available: 3 })
    world.settle(['a'])
    world.nowMs += 10 * MINUTE
    expect(world.step().blockers[0]).toEqual({ kind: 'halted' })
    const sizes = world.sizes()
    world.nowMs += 1000 * MINUTE
    world.settle()
    expect([world.state?.phase, world.state?.reverts, world.sizes()]).toEqual(['halted', 1, sizes])
    expect(world.outcomes).toEqual(['1 succeeded', '2 failed deadline', '3 failed deadline'])
  })

  test('with nothing to go back to halts; what succeeded last is no way back from itself', () => {
    const first = createWorld(2, rolling({ onFailure: 'revert' }))
    first.settle(['a'])
    first.nowMs += 10 * MINUTE
    first.step()
    expect([first.state?.phase, first.outcomes]).toEqual(['halted', ['1 failed deadline']])

    const again = runningWorld(2, rolling({ onFailure: 'revert' }))
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
    const world = createWorld(2, rolling({ onFailure: 'revert' }))
    world.settle(['a'])
    world.nowMs += 10 * MINUTE
    world.step()
    world.roll('b')
    world.settle()
    expect([world.sizes(), world.outcomes]).toEqual([{ b: 2 }, ['1 failed deadline', '2 succeeded']])
  })

  test('counts instances that failed since the rollout began, when a number is given', () => {
    const world = runningWorld(4, rolling({ maxFailures: 2, onFailure: 'revert' }))
    world.sets.set('b', { template: 'b', size: 0, available: 0, failed: 5 })
    world.roll('b')
    world.settle(['b'])
    world.sets.set('b', { ...world.sets.get('b')!, failed: 7 })
    world.step()
    expect(world.state?.phase).toBe('progressing')
    world.sets.set('b', { ...world.sets.get('b')!, failed: 8 })
    world.step()
    expect([world.outcomes.at(-1), world.spec.template]).toEqual(['2 failed failures', 'a'])
  })
})
