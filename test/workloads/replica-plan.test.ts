import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTaskActive } from '../../src/api/index.js'
import { defaultCrashBackoff } from '../../src/workloads/crash-backoff.js'
import type { ReplicaLimits } from '../../src/workloads/index.js'
import { planReplicas } from '../../src/workloads/index.js'
import { replicaStatus } from '../../src/workloads/replica-plan.js'
import type { TaskShape } from './fixtures/objects.js'
import { replicaSet, task } from './fixtures/objects.js'

const limits: ReplicaLimits = { burst: 500, historyLimit: 5, backoff: defaultCrashBackoff }

const shapes = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z]{1,4}$/),
    phase: fc.constantFrom('Pending' as const, 'Running' as const, 'Succeeded' as const, 'Failed' as const),
    deleting: fc.boolean(),
    createdMs: fc.nat(1000),
    startedMs: fc.nat(1000),
    finishedMs: fc.nat({ max: 1_000_000 }),
  }) as fc.Arbitrary<TaskShape & { name: string }>,
  { selector: shape => shape.name, maxLength: 12 },
)

describe('the plan of a replica set', () => {
  test('closes the gap between active tasks and replicas unless crashes hold it back', () => {
    fc.assert(
      fc.property(shapes, fc.nat(12), fc.nat({ max: 2_000_000 }), (list, replicas, nowMs) => {
        const tasks = list.map(task)
        const plan = planReplicas(replicaSet(replicas), tasks, limits, nowMs)
        const removed = new Set(plan.remove)
        const left = tasks.filter(t => isTaskActive(t) && !removed.has(t)).length
        const heldBack = plan.blockers.some(blocker => blocker.kind === 'crash-backoff')
        expect(left + plan.create).toBe(heldBack ? left : replicas)
        if (heldBack) expect(left).toBeLessThan(replicas)
      }),
    )
  })

  test('does not depend on the order of the tasks', () => {
    fc.assert(
      fc.property(shapes, fc.nat(12), (list, replicas) => {
        const forward = planReplicas(replicaSet(replicas), list.map(task), limits, 0)
        const backward = planReplicas(replicaSet(replicas), list.map(task).reverse(), limits, 0)
        expect(backward).toEqual(forward)
      }),
    )
  })

  test('keeps the newest ended tasks as history and deletes the others', () => {
    const ended = Array.from({ length: 8 }, (_, i) =>
      task({ name: `t${i}`, phase: 'Succeeded', startedMs: 0, finishedMs: i * 1000 }),
    )
    const plan = planReplicas(replicaSet(0), ended, limits, 10_000)
    expect(plan.remove.map(t => t.metadata.name)).toEqual(['t2', 't1', 't0'])
  })

  test('makes at most one burst and asks to be called again', () => {
    const plan = planReplicas(replicaSet(7), [], { ...limits, burst: 3 }, 42)
    expect(plan).toEqual({ create: 3, remove: [], wakeAtMs: 42, blockers: [{ kind: 'burst', missing: 4 }] })
  })
})

describe('crash backoff', () => {
  const crash = (name: string, finishedMs: number, livedMs = 100) =>
    task({ name, phase: 'Failed', startedMs: finishedMs - livedMs, finishedMs })

  test.each([
    { crashes: [crash('a', 1000)], untilMs: undefined },
    { crashes: [crash('a', 1000), crash('b', 2000)], untilMs: 12_000 },
    { crashes: [crash('a', 1000), crash('b', 2000), crash('c', 3000)], untilMs: 23_000 },
    { crashes: [crash('a', 20_000, 15_000), crash('b', 40_000, 15_000)], untilMs: undefined },
  ])('of $crashes.length crashes ends at $untilMs', ({ crashes, untilMs }) => {
    const plan = planReplicas(replicaSet(1), crashes, limits, 3_000)
    expect(plan.wakeAtMs).toBe(untilMs)
    expect(plan.create).toBe(untilMs === undefined ? 1 : 0)
  })

  test('is over when its time has come', () => {
    const crashes = [crash('a', 1000), crash('b', 2000)]
    expect(planReplicas(replicaSet(1), crashes, limits, 12_000).create).toBe(1)
  })
})

describe('the status of a replica set', () => {
  test('counts each task once, and terminating ones apart', () => {
    const tasks = [
      task({ name: 'ready', phase: 'Running', readySinceMs: 0 }),
      task({ name: 'young', phase: 'Running', readySinceMs: 9_000 }),
      task({ name: 'starting', phase: 'Running' }),
      task({ name: 'leaving', phase: 'Running', readySinceMs: 0, deleting: true }),
      task({ name: 'crashed', phase: 'Failed', finishedMs: 1 }),
    ]
    expect(replicaStatus(replicaSet(3, 5), tasks, 10_000)).toEqual({
      status: {
        observedGeneration: 1,
        replicas: 3,
        readyReplicas: 2,
        availableReplicas: 1,
        terminatingReplicas: 1,
        failedReplicas: 1,
      },
      wakeAtMs: 14_000,
    })
  })
})
