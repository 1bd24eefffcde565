import { beforeEach, describe, expect, test } from 'vitest'
import { findCondition, Lease, Node, Task } from '../../../src/api/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import {
  createNodeAgentController,
  createNodeHeartbeat,
  createNodeLifecycleController,
} from '../../../src/workloads/index.js'
import type { Process, World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import type { FakeRuntime } from '../fixtures/fake-runtime.js'
import { createFakeRuntime, health } from '../fixtures/fake-runtime.js'
import { withWallClock } from '../fixtures/wall-clock.js'

const ref = { namespace: 'default', name: 'a' }
let world: World
let node: Process
let runtime: FakeRuntime
let other: Process

const heartbeatOf = (nodeName: string) =>
  createNodeHeartbeat({ nodeName, status: {}, heartbeatMs: 1_000, leaseDurationSeconds: 4 })

async function startNode(process: string): Promise<Process> {
  const heartbeat = createNodeHeartbeat({
    nodeName: 'n1',
    status: {},
    heartbeatMs: 1_000,
    leaseDurationSeconds: 4,
  })
  return world.startProcess(
    process,
    heartbeat,
    createNodeAgentController({ nodeName: 'n1', runtime, health }),
  )
}

beforeEach(async () => {
  world = createWorld({ kinds: [Lease, Node, Task] })
  runtime = createFakeRuntime()
  await world.startProcess('lifecycle', createNodeLifecycleController({ evictAfterMs: 10_000 }))
  other = await world.startProcess('other', heartbeatOf('other'))
  node = await startNode('n1')
  await world.store.create(Task, { metadata: ref, spec: { nodeName: 'n1' } })
  await world.env.advance(5_000)
})

const readyOf = (kind: 'node' | 'task'): string | undefined => {
  const conditions =
    kind === 'node'
      ? world.store.get(Node, { name: 'n1' })?.status?.conditions
      : world.store.get(Task, ref)?.status?.conditions
  return findCondition(conditions, 'Ready')?.status
}

describe('the node lifecycle', () => {
  test('a node that renews its lease stays ready, and so do its tasks', async () => {
    await world.env.advance(120_000)
    expect([readyOf('node'), readyOf('task')]).toEqual(['True', 'True'])
  })

  test('a silent node and its tasks become unknown when the lease lapses, not before', async () => {
    node.crash()
    await world.env.advance(3_000)
    expect([readyOf('node'), readyOf('task')]).toEqual(['True', 'True'])
    await world.env.advance(1_001)
    expect([readyOf('node'), readyOf('task')]).toEqual(['Unknown', 'Unknown'])
    expect(world.store.get(Task, ref)?.metadata.deletionTimestamp).toBeUndefined()
  })

  test('its tasks are given up after evictAfterMs, finalizer and all', async () => {
    node.crash()
    await world.env.advance(13_900)
    expect(world.store.get(Task, ref)).toBeDefined()
    await world.env.advance(1_000)
    expect(world.store.get(Task, ref)).toBeUndefined()
  })

  test('a node that comes back in time keeps its objects and says that it is ready again', async () => {
    node.crash()
    await world.env.advance(6_000)
    expect(readyOf('node')).toBe('Unknown')
    node = await startNode('n1-again')
    await world.env.advance(20_000)
    expect(readyOf('node')).toBe('True')
    expect(world.store.get(Task, ref)).toBeDefined()
  })

  test('a node that lives on in silence loses its tasks and stops their processes', async () => {
    node.crash()
    runtime = createFakeRuntime()
    const heartbeat = await world.startProcess(
      'n2',
      createNodeHeartbeat({ nodeName: 'n2', status: {}, heartbeatMs: 1_000, leaseDurationSeconds: 4 }),
    )
    await world.startProcess('n2-agent', createNodeAgentController({ nodeName: 'n2', runtime, health }))
    await world.store.create(Task, { metadata: { ...ref, name: 'b' }, spec: { nodeName: 'n2' } })
    await world.env.advance(1_000)
    expect(runtime.running()).toEqual(['b'])
    heartbeat.crash()
    // After those of the other node: one node after the other.
    await world.env.advance(30_000)
    expect(world.store.get(Task, { ...ref, name: 'b' })).toBeUndefined()
    expect(runtime.running()).toEqual([])
  })
})

test('a sign of life between the decision and its commit calls it off', async () => {
  const { env, store, startProcess } = createWorld({ kinds: [Lease, Node, Task] })
  const lease = { namespace: 'keelson-nodes', name: 'n1' }
  const loop = createNodeLifecycleController({ evictAfterMs: 10_000 })
  const renew = (): Promise<unknown> =>
    store.modify(Lease, lease, draft => void (draft.spec.renewTime = '2026-01-01T00:00:04Z'))
  // Steps are first in, first out: the loop looks, the lease is renewed, and only then could the loop write.
  env.clock.after(4_000, () => {
    loop.enqueue({ name: 'n1' })
    env.tasks.defer(() => void renew(), { kind: 'call', label: 'renewal' })
  })
  await store.create(Node, { metadata: { name: 'n1' }, spec: {} })
  await store.create(Lease, { metadata: lease, spec: { leaseDurationSeconds: 4 } })
  await startProcess('lifecycle', loop)
  await env.advance(4_000)
  expect(store.get(Lease, lease)?.spec.renewTime).toBeDefined()
  expect(store.get(Node, { name: 'n1' })?.status).toBeUndefined()
  await env.advance(4_000)
  expect(findCondition(store.get(Node, { name: 'n1' })?.status?.conditions, 'Ready')?.status).toBe('Unknown')
})

describe('a wall clock that jumps', () => {
  const nodes = Array.from({ length: 5 }, (_, at) => `n${at}`)
  let jumpMs = 0

  async function cluster() {
    jumpMs = 0
    const own = createWorld({ kinds: [Lease, Node, Task] })
    const client = own.store.client(withWallClock(own.env.fork('lifecycle'), ms => ms + jumpMs))
    const manager = createManager({ client })
    manager.add(createNodeLifecycleController({ evictAfterMs: 10_000 }))
    await own.env.run(() => manager.start())
    const beats = new Map<string, Process>()
    for (const name of nodes) beats.set(name, await own.startProcess(name, heartbeatOf(name)))
    for (const name of nodes)
      await own.store.create(Task, { metadata: { ...ref, name }, spec: { nodeName: name } })
    await own.env.advance(5_000)
    const unknown = (): readonly string[] =>
      own.store
        .list(Node)
        .items.filter(({ status }) => findCondition(status?.conditions, 'Ready')?.status === 'Unknown')
        .map(({ metadata }) => metadata.name)
    return { ...own, beats, unknown }
  }

  test.each([3_600_000, -7_200_000])('by %s ms makes no node silent and saves none', async ms => {
    const { env, store, beats, unknown } = await cluster()
    jumpMs = ms
    for (const name of nodes)
      await store.modify(Task, { ...ref, name }, draft => void (draft.metadata.labels = { deploy: '2' }))
    await env.advance(20_000)
    expect(unknown()).toEqual([])
    beats.get('n0')?.crash()
    await env.advance(5_000)
    expect(unknown()).toEqual(['n0'])
    jumpMs += ms
    await store.modify(Node, { name: 'n0' }, draft => void (draft.metadata.labels = { poke: '1' }))
    await env.advance(7_000)
    expect(store.get(Task, { ...ref, name: 'n0' })).toBeDefined()
    await env.advance(5_000)
    expect(store.get(Task, { ...ref, name: 'n0' })).toBeUndefined()
    expect(store.count(Task)).toBe(4)
  })
})

describe('while no node is heard of', () => {
  const paused = () =>
    ['n1', 'other'].map(
      name =>
        findCondition(world.store.get(Node, { name })?.status?.conditions, 'EvictionPaused')?.status ??
        'none',
    )

  beforeEach(async () => {
    await world.store.create(Task, { metadata: { ...ref, name: 'b' }, spec: { nodeName: 'other' } })
    await world.env.advance(2_000)
  })

  test('tasks stay as they were, and a condition of each node says why', async () => {
    // All heartbeats end at once: the lifecycle is cut off, or everything is.
    await cutAll()
    await world.env.advance(600_000)
    expect(world.store.count(Task)).toBe(2)
    expect([readyOf('node'), readyOf('task')]).toEqual(['Unknown', 'True'])
    expect(paused()).toEqual(['True', 'True'])
  })

  test('leases and waits begin again when one is heard', async () => {
    await cutAll()
    await world.env.advance(600_000)
    await world.startProcess('other-at-last', heartbeatOf('other'))
    await world.env.advance(3_900)
    expect(readyOf('task')).toBe('True')
    await world.env.advance(200)
    expect(readyOf('task')).toBe('Unknown')
    await world.env.advance(9_800)
    expect(world.store.count(Task)).toBe(2)
    await world.env.advance(2_000)
    expect(world.store.list(Task).items.map(({ metadata }) => metadata.name)).toEqual(['b'])
    expect(paused()).toEqual(['none', 'none'])
  })

  test('a controller that starts then keeps them as well', async () => {
    await cutAll()
    const again = await world.startProcess('again', createNodeLifecycleController({ evictAfterMs: 10_000 }))
    await world.env.advance(600_000)
    expect([again.manager.status().state, readyOf('task'), world.store.count(Task)]).toEqual([
      'running',
      'True',
      2,
    ])
  })

  async function cutAll(): Promise<void> {
    for (const process of [node, other]) process.crash()
    await world.env.settle()
  }
})

interface SilenceOptions {
  readonly labels?: (at: number) => Record<string, string>
  /** Lease of the first, seconds. Default as the others. */
  readonly early?: number
  /** Another controller takes over in the middle. */
  readonly restarts?: boolean
  /** Or stands beside it. */
  readonly twice?: boolean
}

describe('nodes of a zone', () => {
  /** Ten nodes with a task each, of which the first `count` fall silent at once; the times of the evictions, in seconds. */
  async function silence(
    count: number,
    { labels = () => ({}), early = 4, restarts = false, twice = false }: SilenceOptions = {},
  ) {
    const own = createWorld({ kinds: [Lease, Node, Task] })
    const lifecycle = () => createNodeLifecycleController({ evictAfterMs: 10_000 })
    const first = await own.startProcess('lifecycle', lifecycle())
    const beats: Process[] = []
    for (let at = 0; at < 10; at += 1) {
      const name = `n${at}`
      const options = {
        nodeName: name,
        labels: labels(at),
        status: {},
        heartbeatMs: 1_000,
        // So that its silence is seen first.
        leaseDurationSeconds: at === 0 ? early : 4,
      }
      beats.push(await own.startProcess(name, createNodeHeartbeat(options)))
      await own.store.create(Task, { metadata: { ...ref, name }, spec: { nodeName: name } })
    }
    await own.env.advance(5_000)
    for (const beat of beats.slice(0, count)) beat.crash()
    const startMs = own.env.clock.monotonic()
    const times: number[] = []
    own.store.watch(Task).on(({ events }) => {
      for (const { type } of events)
        if (type === 'DELETED') times.push(Math.round((own.env.clock.monotonic() - startMs) / 1_000))
    })
    await own.env.advance(100_000)
    if (restarts) first.crash()
    if (restarts || twice) await own.startProcess('next', lifecycle())
    const { revision } = own.store
    await own.env.advance(200_000)
    const reasons = own.store
      .list(Node)
      .items.flatMap(({ status }) => findCondition(status?.conditions, 'EvictionPaused')?.reason ?? [])
    return { times, reasons, writes: own.store.revision - revision }
  }

  test('lose their tasks one after the other, ten seconds apart', async () => {
    expect(await silence(3)).toMatchObject({ times: [14, 24, 34], reasons: [] })
  })

  test.each([
    ['one controller', false],
    ['one that takes over, too', true],
  ])('keep them while six of ten are silent, and say so: %s', async (_, restarts) => {
    expect(await silence(6, { restarts, early: 3 })).toMatchObject({
      times: [],
      reasons: Array.from({ length: 6 }, () => 'PartialDisruption'),
    })
  })

  test('are not spoken of in turns by a loop that knows and one that has just begun', async () => {
    // Four nodes beat each second, and nobody else has anything to say.
    expect((await silence(6, { twice: true })).writes).toBeLessThanOrEqual(4 * 201)
  })

  test('do not wait for those of another zone', async () => {
    const zones = (at: number) => ({ 'topology.kubernetes.io/zone': at % 2 === 0 ? 'a' : 'b' })
    expect((await silence(4, { labels: zones })).times).toEqual([14, 14, 24, 24])
  })
})
