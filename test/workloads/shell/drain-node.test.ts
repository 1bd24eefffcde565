import { beforeEach, describe, expect, test } from 'vitest'
import {
  DisruptionBudget,
  isConditionTrue,
  isTaskActive,
  Node,
  ReplicaSet,
  Task,
} from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createDisruptionController } from '../../../src/rollout/index.js'
import type { DrainNodeOptions, DrainReport } from '../../../src/workloads/index.js'
import { createReplicaController, drainNode } from '../../../src/workloads/index.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import { kubelet } from '../../testing/own/neighbours.js'

const labels = { app: 'web' }
const node = { name: 'n1' }
let world: World

/** Four tasks on the node, of which two must stay available; replacements run elsewhere, as nothing is bound. */
beforeEach(async () => {
  world = createWorld({ kinds: [DisruptionBudget, Node, ReplicaSet, Task] })
  const { store, env } = world
  await world.start(createReplicaController(), createDisruptionController(), kubelet())
  await store.create(Node, { metadata: node, spec: {} })
  const spec = {
    replicas: 4,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: {} },
  }
  await store.create(ReplicaSet, { metadata: { namespace: 'default', name: 'web' }, spec })
  await env.advance(5_000)
  for (const { metadata } of store.list(Task).items)
    await store.modify(Task, metadata, draft => void (draft.spec.nodeName = 'n1'))
  const budget = { selector: { matchLabels: labels }, maxUnavailable: 1 }
  await store.create(DisruptionBudget, { metadata: { namespace: 'default', name: 'web' }, spec: budget })
  await env.advance(5_000)
})

const onNode = (): readonly Task[] => world.store.list(Task, { index: { name: 'node', value: 'n1' } }).items
const drain = (options: Partial<DrainNodeOptions> = {}, process = 'drain'): Promise<DrainReport> =>
  drainNode(world.store.client(world.env.fork(process)), node, { by: 'drain n1', ...options })

describe('a drain', () => {
  test('that budgets forbid which contradict each other evicts nothing, and says which refuse', async () => {
    const never = { selector: { matchLabels: labels }, minAvailable: 4 }
    await world.store.create(DisruptionBudget, {
      metadata: { namespace: 'default', name: 'all' },
      spec: never,
    })
    await world.env.advance(5_000)
    const before = onNode().map(({ metadata }) => metadata.uid)
    const report = drain({ deadlineMs: world.env.clock.now() + 60_000 })
    await world.env.advance(120_000)
    const { isDrained, evicted, left, refusals } = await report
    expect([isDrained, evicted, left.length]).toEqual([false, [], 4])
    expect(refusals.map(({ budget }) => budget.name)).toContain('all')
    expect(onNode().map(({ metadata }) => metadata.uid)).toEqual(before)
  })

  test('cordons the node and evicts its tasks one after the other, as the budget allows', async () => {
    const available: number[] = []
    const isAvailable = (task: Task): boolean =>
      isTaskActive(task) && isConditionTrue(task.status?.conditions, 'Ready')
    world.store.watch(Task).on(() => {
      available.push(world.store.list(Task).items.filter(isAvailable).length)
    })
    const report = drain()
    await world.env.advance(60_000)
    const { isDrained, evicted, left } = await report
    expect([isDrained, evicted.length, left, onNode()]).toEqual([true, 4, [], []])
    expect(Math.min(...available)).toBe(3)
    expect(world.store.get(Node, node)?.spec.unschedulable).toBe(true)
  })

  test('begins with what is not ready, which no budget counts', async () => {
    const wounded = onNode()[2]?.metadata ?? node
    await world.store.modifyStatus(Task, wounded, draft => {
      const ready = {
        type: 'Ready',
        status: 'False',
        reason: 'T',
        message: '',
        lastTransitionTime: formatTime(0),
      } as const
      draft.status = { ...draft.status, phase: 'Pending', conditions: [ready] }
    })
    const report = drain({ deadlineMs: world.env.clock.now() + 1 })
    await world.env.advance(10)
    const { evicted, refusals } = await report
    expect(evicted[0]).toEqual({ namespace: 'default', name: wounded.name })
    expect(new Set(refusals.map(({ reason }) => reason))).toEqual(new Set(['exhausted']))
  })

  test('gives up at its deadline, and tells what is left and why', async () => {
    await world.store.modify(DisruptionBudget, { namespace: 'default', name: 'web' }, draft => {
      draft.spec = { selector: { matchLabels: labels }, maxUnavailable: 0 }
    })
    await world.env.advance(1_000)
    const report = drain({ deadlineMs: world.env.clock.now() + 30_000 })
    await world.env.advance(30_000)
    const { left, refusals, ...rest } = await report
    expect(rest).toEqual({ isDrained: false, endedBy: 'Deadline', evicted: [] })
    expect(left).toHaveLength(4)
    const told = refusals.map(({ task, budget, reason }) => `${task?.name} ${budget.name} ${reason}`)
    expect(new Set(told)).toEqual(new Set(left.map(({ name }) => `${name} web exhausted`)))
  })

  test('evicts what is left at its deadline, whatever the budget says, if told so', async () => {
    await world.store.modify(DisruptionBudget, { namespace: 'default', name: 'web' }, draft => {
      draft.spec = { selector: { matchLabels: labels }, maxUnavailable: 0 }
    })
    await world.env.advance(1_000)
    const report = drain({ deadlineMs: world.env.clock.now() + 30_000, forceAtDeadline: true })
    await world.env.advance(29_999)
    expect(onNode()).toHaveLength(4)
    await world.env.advance(5_000)
    expect(await report).toMatchObject({ isDrained: true, left: [], refusals: [] })
    expect((await report).evicted).toHaveLength(4)
  })

  test('does not wait without an end for what was forced and does not stop', async () => {
    for (const { metadata } of onNode())
      await world.store.modify(Task, metadata, draft => {
        draft.metadata.finalizers = [...draft.metadata.finalizers, 'example.com/stuck']
      })
    const report = drain({ deadlineMs: world.env.clock.now() + 1_000, forceAtDeadline: true })
    await world.env.advance(60_000)
    expect(await report).toMatchObject({ isDrained: false, endedBy: 'Deadline' })
  })

  test('ends when somebody uncordons the node', async () => {
    const report = drain({ windows: [{ schedule: '0 2 * * *', durationMs: 3_600_000 }] })
    await world.env.advance(1_000)
    await world.store.modify(Node, node, draft => void (draft.spec.unschedulable = false))
    await world.env.advance(60_000)
    expect(await report).toMatchObject({ isDrained: false, endedBy: 'Uncordoned', evicted: [] })
    expect(onNode()).toHaveLength(4)
  })

  test('of two nodes at once takes no more than the budget allows to one', async () => {
    const available: number[] = []
    await world.store.create(Node, { metadata: { name: 'n2' }, spec: {} })
    for (const { metadata } of onNode().slice(2))
      await world.store.modify(Task, metadata, draft => void (draft.spec.nodeName = 'n2'))
    world.store.watch(Task).on(() => {
      const { items } = world.store.list(Task)
      const works = (task: Task): boolean =>
        isTaskActive(task) && isConditionTrue(task.status?.conditions, 'Ready')
      available.push(items.filter(works).length)
    })
    const second = drainNode(world.store.client(world.env.fork('second')), { name: 'n2' }, { by: 'drain n2' })
    const reports = Promise.all([drain(), second])
    await world.env.advance(120_000)
    expect((await reports).map(({ isDrained, evicted }) => [isDrained, evicted.length])).toEqual([
      [true, 2],
      [true, 2],
    ])
    expect(Math.min(...available)).toBe(3)
  })

  test('that crashed is resumed by the same call', async () => {
    const dead = world.env.fork('dead')
    void drainNode(world.store.client(dead), node, { by: 'drain n1' })
    await world.env.advance(500)
    dead.close()
    const before = onNode().length
    const report = drain({}, 'again')
    await world.env.advance(60_000)
    expect(before).toBeGreaterThan(0)
    expect(await report).toMatchObject({ isDrained: true, left: [] })
  })

  test('waits until a window opens', async () => {
    const report = drain({ windows: [{ schedule: '0 2 * * *', durationMs: 3_600_000 }] })
    await world.env.advance(7_100_000)
    expect(onNode()).toHaveLength(4)
    await world.env.advance(200_000)
    expect((await report).isDrained).toBe(true)
  })

  test('leaves what stays', async () => {
    const [stays] = onNode()
    const report = drain({ stays: ({ metadata }) => metadata.uid === stays?.metadata.uid })
    await world.env.advance(60_000)
    expect(await report).toMatchObject({ isDrained: true, left: [] })
    expect(onNode().map(({ metadata }) => metadata.uid)).toEqual([stays?.metadata.uid])
  })

  test.each<[Partial<DrainNodeOptions>, RegExp]>([
    [{ by: '' }, /by/],
    [{ deadlineMs: Number.NaN }, /deadlineMs/],
    [{ retryMs: 0 }, /retryMs/],
    [{ forceAtDeadline: true }, /forceAtDeadline/],
    [{ windows: [{ schedule: '0 0 30 2 *', durationMs: 60_000 }] }, /never fires/],
    [{ windows: [{ schedule: '@daily', durationMs: 1 }] }, /durationMs/],
  ])('is refused with %j, and changes nothing', async (options, told) => {
    await expect(drain(options)).rejects.toThrow(told)
    expect(world.store.get(Node, node)?.spec.unschedulable).toBeUndefined()
  })
})
