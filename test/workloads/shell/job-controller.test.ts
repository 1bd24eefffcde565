import { beforeEach, describe, expect, test } from 'vitest'
import type { JobSpec } from '../../../src/api/index.js'
import {
  Event,
  isConditionTrue,
  isTaskActive,
  JOB_INDEX_ANNOTATION,
  JOB_NAME_ANNOTATION,
  Job,
  Task,
} from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createGarbageCollector } from '../../../src/reconcile/index.js'
import { JOB_FINALIZER } from '../../../src/workloads/batch/job-tasks.js'
import { createJobController } from '../../../src/workloads/index.js'
import type { Process, World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

const ref = { namespace: 'default', name: 'sums' }
let world: World
let loop: Process

beforeEach(async () => {
  world = createWorld({ kinds: [Event, Job, Task] })
  loop = await world.startProcess('loops', createJobController())
})

const settled = (): Promise<void> => world.env.run(() => loop.manager.settled())
const tasks = (): readonly Task[] => world.store.list(Task).items
const active = (): readonly Task[] => tasks().filter(isTaskActive)
const status = () => world.store.get(Job, ref)?.status
const create = async (spec: Partial<JobSpec>): Promise<void> => {
  await world.store.create(Job, {
    metadata: ref,
    spec: { template: { spec: { command: ['sum'] } }, ...spec },
  })
  await settled()
}
const finish = (task: Task, phase: 'Succeeded' | 'Failed'): Promise<unknown> =>
  world.store.modifyStatus(Task, task.metadata, draft => {
    draft.status = { ...draft.status, phase, finishTime: formatTime(world.env.clock.now()) }
  })
const holds = (type: string): boolean => isConditionTrue(status()?.conditions, type)

describe('the job loop', () => {
  test('makes tasks that know their index, owned and held by the job', async () => {
    await create({ completionMode: 'Indexed', completions: 2, parallelism: 2 })
    expect(active().map(({ metadata, spec }) => [metadata.annotations, metadata.finalizers, spec])).toEqual(
      ['0', '1'].map(index => [
        { [JOB_NAME_ANNOTATION]: 'sums', [JOB_INDEX_ANNOTATION]: index },
        [JOB_FINALIZER],
        {
          command: ['sum'],
          env: [{ name: 'JOB_COMPLETION_INDEX', value: index }],
          hostname: `sums-${index}`,
        },
      ]),
    )
    expect(active()[0]?.metadata.ownerReferences).toMatchObject([
      { kind: 'Job', name: 'sums', controller: true },
    ])
  })

  test('counts an end in the transaction that lets the task go', async () => {
    await create({ completions: 2, parallelism: 2 })
    const [first] = active()
    const seen: unknown[] = []
    world.store.watch([Job, Task]).on(({ events }) => {
      const held = events.some(
        ({ object }) => object.kind === 'Task' && object.metadata.finalizers.length === 0,
      )
      const job = events.find(({ object }) => object.kind === 'Job')?.object as Job | undefined
      if (held || job !== undefined) seen.push([held, job?.status?.succeeded])
    })
    if (first !== undefined) await finish(first, 'Succeeded')
    await settled()
    expect(seen).toEqual([[true, 1]])
  })

  test('counts what somebody else deleted after it ended; what was deleted before is replaced', async () => {
    await create({ completions: 3, parallelism: 2, backoffLimit: 0 })
    const [first, second] = active()
    if (first === undefined || second === undefined) throw new Error('two tasks are made')
    loop.crash()
    await finish(first, 'Succeeded')
    await world.store.delete(Task, first.metadata)
    await world.store.delete(Task, second.metadata)
    expect(tasks().map(({ metadata }) => metadata.finalizers)).toEqual([[JOB_FINALIZER], [JOB_FINALIZER]])
    loop = await world.startProcess('again', createJobController())
    await settled()
    expect(status()).toMatchObject({ succeeded: 1, failed: 0, active: 2 })
    expect(tasks().map(({ metadata }) => metadata.uid)).not.toContain(first.metadata.uid)
  })

  test('ends as its tasks do, tells so, and then writes no more', async () => {
    await create({ completions: 2 })
    for (let round = 0; round < 2; round += 1) {
      for (const task of active()) await finish(task, 'Succeeded')
      await settled()
    }
    expect([holds('Complete'), status()?.succeeded, status()?.completionTime]).toEqual([
      true,
      2,
      expect.any(String),
    ])
    const { revision } = world.store
    await world.env.advance(3_600_000)
    expect(world.store.revision).toBe(revision)
    const reasons = world.store.list(Event).items.map(({ spec }) => spec.reason)
    expect(reasons).toEqual(expect.arrayContaining(['SuccessfulCreate', 'Completed']))
  })

  test('fails with the reason of Kubernetes, after the back-off between its tasks', async () => {
    await create({ backoffLimit: 1 })
    for (const task of active()) await finish(task, 'Failed')
    await world.env.advance(9_999)
    expect(active()).toEqual([])
    await world.env.advance(1)
    for (const task of active()) await finish(task, 'Failed')
    await settled()
    const failed = status()?.conditions?.find(({ type }) => type === 'Failed')
    expect(failed).toMatchObject({
      reason: 'BackoffLimitExceeded',
      message: '2 tasks failed; the limit is 1',
    })
  })

  test('a job that is deleted lets its tasks go, with a garbage collector and without owner', async () => {
    await world.startProcess('gc', createGarbageCollector({ kinds: [Job, Task] }))
    await create({ completions: 2, parallelism: 2 })
    const [first] = active()
    if (first !== undefined) await finish(first, 'Succeeded')
    await settled()
    await world.store.delete(Job, ref, { propagationPolicy: 'Background' })
    await world.env.advance(60_000)
    expect(tasks()).toEqual([])
    await create({ parallelism: 1 })
    await world.store.delete(Job, ref, { propagationPolicy: 'Orphan' })
    await world.env.advance(60_000)
    expect(tasks().map(({ metadata }) => [metadata.finalizers, metadata.ownerReferences])).toEqual([[[], []]])
  })

  test('a namesake that was made while nobody looked takes nothing over', async () => {
    await create({ parallelism: 1 })
    const [old] = active()
    loop.crash()
    await world.store.delete(Job, ref)
    await world.store.create(Job, { metadata: ref, spec: { template: { spec: {} } } })
    if (old !== undefined) await finish(old, 'Succeeded')
    loop = await world.startProcess('again', createJobController())
    await settled()
    expect(tasks().map(({ metadata }) => metadata.uid)).not.toContain(old?.metadata.uid)
    expect([status()?.succeeded, active().length]).toEqual([0, 1])
  })

  test('a template that no task can be made of is told, does not spin, and fails at the deadline', async () => {
    loop.crash()
    const problem = { field: 'spec.image', value: '', message: 'is needed' }
    world = createWorld({
      kinds: [Event, Job, Task],
      admission: [
        {
          name: 'no tasks',
          phase: 'validate',
          handle: ({ object }: { readonly object: { readonly kind?: string } }) =>
            object.kind === 'Task' ? { problems: [problem] } : undefined,
        },
      ],
    })
    loop = await world.startProcess('loops', createJobController())
    await create({ parallelism: 1_000, activeDeadlineSeconds: 601 })
    expect(status()).toMatchObject({ active: 0 })
    const { revision } = world.store
    await world.env.advance(600_000)
    expect(world.store.revision - revision).toBe(0)
    expect(world.store.list(Event).items.map(({ spec }) => spec.reason)).toEqual(['FailedCreate'])
    await world.env.advance(1_000)
    expect(status()?.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe('DeadlineExceeded')
  })
})
