import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReplicaSet, Task } from '../../src/api/index.js'
import { isTaskActive, isTaskFinished } from '../../src/api/index.js'
import { defaultCrashBackoff } from '../../src/workloads/crash-backoff.js'
import type { ReplicaLimits, ReplicaPlan } from '../../src/workloads/index.js'
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
        const plan = planReplicas(replicaSet(replicas), { tasks }, limits, nowMs)
        const removed = new Set(plan.remove)
        const left = tasks.filter(t => isTaskActive(t) && !removed.has(t)).length
        const heldBack = plan.blockers.some(blocker => blocker.kind === 'crash-backoff')
        const held = plan.blockers.reduce((sum, { missing }) => sum + missing, 0)
        expect(left + plan.create + held).toBe(replicas)
        if (heldBack) expect(held).toBeLessThanOrEqual(tasks.filter(isTaskFinished).length)
      }),
    )
  })

  test('does not depend on the order of the tasks', () => {
    fc.assert(
      fc.property(shapes, fc.nat(12), (list, replicas) => {
        const forward = planReplicas(replicaSet(replicas), { tasks: list.map(task) }, limits, 0)
        const backward = planReplicas(replicaSet(replicas), { tasks: list.map(task).reverse() }, limits, 0)
        expect(backward).toEqual(forward)
      }),
    )
  })

  test('keeps the newest ended tasks as history and deletes the others', () => {
    const ended = Array.from({ length: 8 }, (_, i) =>
      task({ name: `t${i}`, phase: 'Succeeded', startedMs: 0, finishedMs: i * 1000 }),
    )
    const plan = planReplicas(replicaSet(0), { tasks: ended }, limits, 10_000)
    expect(plan.remove.map(t => t.metadata.name)).toEqual(['t2', 't1', 't0'])
  })

  test('makes at most one burst and asks to be called again', () => {
    const plan = planReplicas(replicaSet(7), { tasks: [] }, { ...limits, burst: 3 }, 42)
    expect(plan).toEqual({
      create: 3,
      remove: [],
      victims: [],
      wakeAtMs: 42,
      blockers: [{ kind: 'burst', missing: 4 }],
    })
  })
})

describe('a plan says when it is not done', () => {
  const running = (count: number) =>
    Array.from({ length: count }, (_, at) => task({ name: `r${at}`, node: 'n', phase: 'Running' }))
  const ended = (count: number) =>
    Array.from({ length: count }, (_, at) =>
      task({ name: `e${at}`, phase: 'Failed', startedMs: 0, finishedMs: 60_000 + at }),
    )

  test.each([
    { what: 'more replicas go than a burst', tasks: running(9), replicas: 1, remove: 4, create: 0 },
    { what: 'a burst of replicas goes', tasks: running(5), replicas: 1, remove: 4, create: 0, isDone: true },
    { what: 'more ended tasks go than a burst', tasks: ended(9), replicas: 1, remove: 4, create: 0 },
    {
      what: 'ended tasks leave room in the burst',
      tasks: ended(6),
      replicas: 2,
      remove: 2,
      create: 2,
      isDone: true,
    },
    {
      what: 'ended tasks go, and surplus ones',
      tasks: [...ended(6), ...running(4)],
      replicas: 1,
      remove: 4,
      create: 0,
    },
  ])('$what', ({ tasks, replicas, remove, create, isDone = false }) => {
    const few = { ...limits, burst: 4, historyLimit: 4 }
    const plan = planReplicas(replicaSet(replicas), { tasks }, few, 42)
    expect([plan.remove.length, plan.create, plan.wakeAtMs]).toEqual([
      remove,
      create,
      isDone ? undefined : 42,
    ])
  })
})

describe('crash backoff', () => {
  const crash = (name: string, finishedMs: number, livedMs = 100) =>
    task({ name, phase: 'Failed', startedMs: finishedMs - livedMs, finishedMs })

  const noted = (set: ReplicaSet, crashes: readonly Task[], nowMs: number) =>
    planReplicas(set, { tasks: crashes }, limits, nowMs)
  const setWith = (crashes: ReplicaPlan['crashes']): ReplicaSet => {
    const set = replicaSet(1)
    return { ...set, status: { ...replicaStatus(set, [], 0, crashes ? { crashes } : {}).status } }
  }

  test.each([
    { crashes: [crash('a', 1000)], untilMs: undefined },
    { crashes: [crash('a', 1000), crash('b', 2000)], untilMs: 13_000 },
    { crashes: [crash('a', 1000), crash('b', 2000), crash('c', 3000)], untilMs: 23_000 },
    { crashes: [crash('a', 20_000, 15_000), crash('b', 40_000, 15_000)], untilMs: undefined },
    // Whatever the clocks of their nodes say.
    { crashes: [crash('a', 30_000_000), crash('b', 40_000_000)], untilMs: 13_000 },
  ])('of $crashes.length crashes ends at $untilMs', ({ crashes, untilMs }) => {
    const plan = noted(replicaSet(1), crashes, 3_000)
    expect(plan.wakeAtMs).toBe(untilMs)
    expect(plan.create).toBe(untilMs === undefined ? 1 : 0)
  })

  test('is over when its time has come, and remembers', () => {
    const crashes = [crash('a', 1000), crash('b', 2000)]
    const first = noted(replicaSet(1), crashes, 3_000)
    const later = noted(setWith(first.crashes), crashes, 13_000)
    expect(later.create).toBe(1)
    expect(later.crashes).toEqual({ ...first.crashes, waiting: undefined })
    const third = noted(setWith(later.crashes), [...crashes, crash('c', 1)], 14_000)
    expect(third).toMatchObject({ create: 0, wakeAtMs: 34_000, crashes: { count: 3 } })
  })

  test('counts a crash once, whether its task is kept or not', () => {
    const limit = { ...limits, historyLimit: 1 }
    const crashes = [crash('a', 1000), crash('b', 2000)]
    const first = planReplicas(replicaSet(1), { tasks: crashes }, limit, 3_000)
    expect(first.remove.map(({ metadata }) => metadata.name)).toEqual(['a'])
    const second = planReplicas(setWith(first.crashes), { tasks: crashes.slice(1) }, limit, 4_000)
    expect(second.crashes).toEqual(first.crashes)
    expect(second.crashes?.tasks).toHaveLength(1)
  })

  test('ten minutes without a crash end the row', () => {
    const first = noted(replicaSet(1), [crash('a', 1), crash('b', 2)], 0)
    const soon = noted(setWith(first.crashes), [crash('c', 3)], 599_999)
    expect(soon.crashes?.count).toBe(3)
    const late = noted(setWith(first.crashes), [crash('c', 3)], 600_000)
    expect(late).toMatchObject({ create: 1, crashes: { count: 1 } })
  })

  test('one replica that crashes delays its own replacement, not a scale-up; the blocker says which', () => {
    const crashes = [crash('a', 1000), crash('b', 2000)]
    const running = task({ name: 'run', phase: 'Running' })
    const first = noted(replicaSet(2), [...crashes, running], 3_000)
    expect(first).toMatchObject({ create: 0, crashes: { waiting: 1 } })
    const grown = { ...setWith(first.crashes), spec: replicaSet(51).spec }
    const plan = noted(grown, [...crashes, running], 4_000)
    expect(plan).toMatchObject({ create: 49, wakeAtMs: 13_000 })
    expect(plan.blockers).toEqual([
      { kind: 'crash-backoff', untilMs: 13_000, missing: 1, crashed: ['a', 'b'] },
    ])
    expect(noted(grown, [...crashes, running], 13_000)).toMatchObject({ create: 50, blockers: [] })
  })

  test('a task that somebody deletes is replaced at once while a crashed one waits', () => {
    const crashes = [crash('a', 1000), crash('b', 2000)]
    const first = noted(replicaSet(2), crashes, 3_000)
    expect(first).toMatchObject({ create: 0, crashes: { waiting: 2 } })
    const one = noted({ ...setWith(first.crashes), spec: replicaSet(3).spec }, crashes, 3_000)
    expect(one.create).toBe(1)
  })

  test('crashes of long ago are forgotten: one more holds back nobody', () => {
    const first = noted(
      replicaSet(4),
      [1, 2, 3, 4].map(i => crash(`c${i}`, i)),
      0,
    )
    const elevenMonthsMs = 11 * 30 * 86_400_000
    const grown = { ...setWith(first.crashes), spec: replicaSet(50).spec }
    const plan = noted(grown, [crash('late', elevenMonthsMs)], elevenMonthsMs)
    expect(plan).toMatchObject({ create: 50, blockers: [], crashes: { count: 1 } })
  })

  test('begins anew after the clock was put back', () => {
    const first = noted(replicaSet(1), [crash('a', 1), crash('b', 2)], 20_000_000)
    const back = noted(setWith(first.crashes), [crash('a', 1), crash('b', 2)], 1_000)
    expect(back.wakeAtMs).toBe(11_000)
    expect(noted(setWith(back.crashes), [crash('a', 1), crash('b', 2)], 11_000).create).toBe(1)
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
      task({ name: 'done', phase: 'Succeeded', finishedMs: 1 }),
    ]
    expect(replicaStatus(replicaSet(3, 5), tasks, 10_000)).toEqual({
      status: {
        observedGeneration: 1,
        replicas: 3,
        readyReplicas: 2,
        availableReplicas: 1,
        terminatingReplicas: 1,
        failedReplicas: 1,
        endedReplicas: 2,
        unreadySince: '1970-01-01T00:00:00.000Z',
      },
      wakeAtMs: 14_000,
    })
  })
})
