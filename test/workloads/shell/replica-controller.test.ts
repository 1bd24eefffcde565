import { beforeEach, describe, expect, test } from 'vitest'
import { isTaskFinished, ReplicaSet, Task } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import type { Process, World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

const labels = { app: 'web' }
const ref = { namespace: 'default', name: 'web' }
let world: World
let loop: Process

beforeEach(async () => {
  world = createWorld({ kinds: [ReplicaSet, Task] })
  loop = await world.startProcess('loops', createReplicaController())
  await world.store.create(ReplicaSet, {
    metadata: ref,
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { image: 'web:1' } },
    },
  })
  await settled()
})

const settled = (): Promise<void> => world.env.run(() => loop.manager.settled())
const tasks = (): readonly Task[] => world.store.list(Task).items
const status = () => world.store.get(ReplicaSet, ref)?.status
const setReplicas = (replicas: number): Promise<unknown> =>
  world.store.modify(ReplicaSet, ref, draft => {
    draft.spec.replicas = replicas
  })
const finish = (task: Task, phase: 'Succeeded' | 'Failed'): Promise<unknown> =>
  world.store.modifyStatus(Task, task.metadata, draft => {
    const time = formatTime(world.env.clock.now())
    draft.status = { phase, startTime: time, finishTime: time }
  })

describe('the replica loop', () => {
  test('makes tasks from the template, owned by the set', () => {
    expect(tasks()).toHaveLength(3)
    for (const task of tasks()) {
      expect(task.metadata.name).toMatch(/^web-.+/)
      expect(task.metadata.labels).toEqual(labels)
      expect(task.metadata.ownerReferences).toMatchObject([
        { kind: 'ReplicaSet', name: 'web', controller: true },
      ])
      expect(task.spec.image).toBe('web:1')
    }
    expect(status()).toMatchObject({ replicas: 3, readyReplicas: 0, observedGeneration: 1 })
  })

  test('follows the wanted number both ways, in one revision each', async () => {
    await setReplicas(5)
    const before = world.store.revision
    await settled()
    expect(tasks()).toHaveLength(5)
    expect(world.store.revision).toBe(before + 1)
    await setReplicas(1)
    await settled()
    expect(tasks()).toHaveLength(1)
    expect(status()).toMatchObject({ replicas: 1, observedGeneration: 3 })
  })

  test('replaces a task that is deleted', async () => {
    const [lost] = tasks()
    await world.store.delete(Task, lost?.metadata ?? ref)
    await settled()
    expect(tasks()).toHaveLength(3)
    expect(tasks().map(t => t.metadata.uid)).not.toContain(lost?.metadata.uid)
  })

  test('leaves a set alone that is on its way out: nothing is made, and what is there stays', async () => {
    await world.store.modify(
      ReplicaSet,
      ref,
      draft => void (draft.metadata.finalizers = ['example.com/wait']),
    )
    await world.store.delete(ReplicaSet, ref)
    await world.store.delete(Task, tasks()[0]?.metadata ?? ref)
    const { revision } = world.store
    await setReplicas(5)
    await world.env.advance(60_000)
    expect([tasks().length, world.store.revision]).toEqual([2, revision + 1])
  })

  test('leaves tasks alone that it does not control', async () => {
    await world.store.create(Task, { metadata: { namespace: 'default', name: 'stranger', labels }, spec: {} })
    await setReplicas(0)
    await settled()
    expect(tasks().map(t => t.metadata.name)).toEqual(['stranger'])
  })

  test('holds back a set that keeps crashing, and goes on when the time has come', async () => {
    for (const task of tasks()) await finish(task, 'Failed')
    await settled()
    expect(tasks().filter(t => !isTaskFinished(t))).toHaveLength(0)
    await world.env.advance(19_999)
    expect(tasks().filter(t => !isTaskFinished(t))).toHaveLength(0)
    await world.env.advance(1)
    expect(tasks().filter(t => !isTaskFinished(t))).toHaveLength(3)
  })

  test('a task that ends well at once is no success of a replica: it is counted, and not made again in a hot loop', async () => {
    const active = () => tasks().filter(task => !isTaskFinished(task))
    let made = 0
    world.store.watch(Task).on(({ events }) => {
      made += events.filter(({ type }) => type === 'ADDED').length
    })
    await setReplicas(1)
    await settled()
    for (let round = 0; round < 12; round += 1) {
      for (const task of active()) await finish(task, 'Succeeded')
      await settled()
    }
    expect(made).toBeLessThanOrEqual(1)
    expect(status()).toMatchObject({ failedReplicas: 0, endedReplicas: made + 1 })
    await world.env.advance(600_000)
    for (let round = 0; round < 8; round += 1) {
      for (const task of active()) await finish(task, 'Succeeded')
      await world.env.advance(300_000)
    }
    expect(status()).toMatchObject({ failedReplicas: 0, endedReplicas: made, forgottenSuccesses: made - 5 })
    const { failures = [] } = status() ?? {}
    expect(failures.map(({ cause }) => cause)).toEqual(Array.from({ length: made }, () => 'exit'))
    expect(new Set(failures.map(({ uid }) => uid)).size).toBe(made)
  })

  test('goes on where it was after a crash', async () => {
    loop.crash()
    await setReplicas(4)
    await world.env.settle()
    expect(tasks()).toHaveLength(3)
    loop = await world.startProcess('loops-again', createReplicaController())
    await settled()
    expect(tasks()).toHaveLength(4)
  })
})

describe('a task that crashes at its start', () => {
  test.each([0, 1, 2, 5])('is replaced later and later, with %s ended tasks kept', async historyLimit => {
    const own = createWorld({ kinds: [ReplicaSet, Task] })
    await own.startProcess('loops', createReplicaController({ historyLimit }))
    const made: number[] = []
    own.store.watch(Task).on(({ events }) => {
      for (const { type, object } of events) if (type === 'ADDED') crashSoon(object)
    })
    function crashSoon({ metadata }: Task): void {
      made.push(Math.round(own.env.clock.monotonic() / 1000))
      const time = formatTime(own.env.clock.now())
      own.env.clock.after(1_000, () => {
        void own.store.modifyStatus(Task, metadata, draft => {
          draft.status = { phase: 'Failed', startTime: time, finishTime: formatTime(own.env.clock.now()) }
        })
      })
    }
    await own.store.create(ReplicaSet, {
      metadata: ref,
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: {} } },
    })
    await own.env.advance(1_200_000)
    const pauses = made.slice(1).map((at, index) => at - (made[index] ?? 0) - 1)
    expect(pauses.slice(0, 8)).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
  })
})
