import { expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Cell, DaemonSet, Lease, Node, Revision, StatefulSet, Task } from '../../../src/api/index.js'
import { createController } from '../../../src/reconcile/index.js'
import { createCellRolloutController } from '../../../src/rollout/index.js'
import {
  createCellController,
  createDaemonSetController,
  createNodeAgentController,
  createNodeHeartbeat,
  createNodeLifecycleController,
  createStatefulSetController,
  drainNode,
} from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { Process, World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import type { FakeRuntime } from '../fixtures/fake-runtime.js'
import { createFakeRuntime, health } from '../fixtures/fake-runtime.js'

const labels = { app: 'web' }
const outOfService = { key: 'keelson.dev/out-of-service', effect: 'NoExecute' } as const
const unreachable = { key: 'keelson.dev/unreachable', operator: 'Exists', effect: 'NoExecute' } as const

interface SilentWorld extends World {
  readonly runtimes: ReadonlyMap<string, FakeRuntime>
  /** No write and no watch of the node arrives any more; its processes run on. */
  cutOff(node: string): void
  startNode(node: string): Promise<void>
  /** `web-0@n1`, `-` when it is on its way out. */
  tasks(): string
  /** The nodes that run a process of that name. */
  running(task: string): readonly string[]
}

/** Two nodes with agents of their own; a task that names no node gets the first that is not full. */
async function createSilentWorld(): Promise<SilentWorld> {
  const world = createWorld({ kinds: [Cell, DaemonSet, Lease, Node, Revision, StatefulSet, Task] })
  const { store, env } = world
  const runtimes = new Map([
    ['n1', createFakeRuntime()],
    ['n2', createFakeRuntime()],
  ])
  const processes = new Map<string, Process>()
  const startNode = async (nodeName: string): Promise<void> => {
    const runtime = runtimes.get(nodeName) ?? createFakeRuntime()
    const beat = { nodeName, status: {}, heartbeatMs: 1_000, leaseDurationSeconds: 4 }
    processes.set(
      nodeName,
      await world.startProcess(
        `${nodeName} ${env.clock.now()}`,
        createNodeHeartbeat(beat),
        createNodeAgentController({ nodeName, runtime, health }),
      ),
    )
  }
  await world.start(
    createNodeLifecycleController({ evictAfterMs: 10_000 }),
    createCellRolloutController({ for: StatefulSet }),
    createCellRolloutController({ for: DaemonSet }),
    createStatefulSetController(),
    createDaemonSetController(),
    createCellController(),
    createController({
      name: 'binder',
      for: Task,
      async reconcile(task, object, { client }) {
        if (object === undefined || object.spec.nodeName !== undefined) return
        const ready = client
          .list(Node)
          .items.find(({ status }) =>
            status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
          )
        if (ready !== undefined)
          await client.modify(Task, task, draft => void (draft.spec.nodeName = ready.metadata.name))
      },
    }),
  )
  await startNode('n1')
  await startNode('n2')
  await env.advance(2_000)
  return {
    ...world,
    runtimes,
    startNode,
    cutOff: node => processes.get(node)?.crash(),
    tasks: () =>
      store
        .list(Task)
        .items.map(
          ({ metadata, spec }) =>
            `${metadata.name}@${spec.nodeName}${metadata.deletionTimestamp === undefined ? '' : '-'}`,
        )
        .sort()
        .join(' '),
    running: task =>
      [...runtimes].flatMap(([node, runtime]) => (runtime.running().includes(task) ? [node] : [])),
  }
}

async function withStatefulSet(spec: TaskSpec = {}): Promise<SilentWorld> {
  const world = await createSilentWorld()
  await world.store.create(StatefulSet, {
    metadata: ref('web'),
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  })
  await world.env.advance(2_000)
  expect([world.tasks(), world.running('web-0')]).toEqual(['web-0@n1', ['n1']])
  return world
}

test('an ordinal never has two processes: that of a silent node is asked to go, and nothing comes in its place', async () => {
  const world = await withStatefulSet()
  world.cutOff('n1')
  await world.env.advance(120_000)
  expect([world.tasks(), world.running('web-0')]).toEqual(['web-0@n1-', ['n1']])
  await world.startNode('n1')
  await world.env.advance(10_000)
  expect(world.running('web-0')).toHaveLength(1)
  expect(world.tasks()).toMatch(/^web-0@n\d$/)
})

test.each<[string, (world: SilentWorld) => Promise<unknown>]>([
  ['its Node object is removed', world => world.store.delete(Node, { name: 'n1' })],
  [
    'somebody says that the node is out of service',
    world => world.store.modify(Node, { name: 'n1' }, draft => void (draft.spec.taints = [outOfService])),
  ],
])('an ordinal moves on when %s', async (_, tell) => {
  const world = await withStatefulSet()
  world.cutOff('n1')
  await world.env.advance(60_000)
  await tell(world)
  await world.env.advance(10_000)
  expect(world.tasks()).toBe('web-0@n2')
})

test('a node that is out of service and silent loses its tasks at once', async () => {
  const world = await withStatefulSet()
  await world.store.modify(Node, { name: 'n1' }, draft => void (draft.spec.taints = [outOfService]))
  await world.env.advance(5_000)
  expect(world.tasks()).toBe('web-0@n1')
  world.cutOff('n1')
  await world.env.advance(5_000)
  expect(world.tasks()).toBe('web-0@n2')
})

test('a set that says so takes the risk of a second process', async () => {
  const world = await withStatefulSet({ replaceWhenLost: true })
  world.cutOff('n1')
  await world.env.advance(20_000)
  expect([world.tasks(), world.running('web-0')]).toEqual(['web-0@n2', ['n1', 'n2']])
})

test('a daemon outlives the silence of its node', async () => {
  const world = await createSilentWorld()
  await world.store.create(DaemonSet, {
    metadata: ref('log'),
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: {} } },
  })
  await world.env.advance(2_000)
  const before = world.tasks()
  world.cutOff('n1')
  await world.env.advance(120_000)
  expect(world.tasks()).toBe(before)
  await world.store.delete(Node, { name: 'n1' })
  await world.env.advance(10_000)
  expect(world.tasks()).toMatch(/^log-\w+@n2$/)
})

test('a drain leaves a daemon, which would come back', async () => {
  const world = await createSilentWorld()
  await world.store.create(DaemonSet, {
    metadata: ref('log'),
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: {} } },
  })
  await world.env.advance(2_000)
  const report = drainNode(world.store.client(world.env.fork('drain')), { name: 'n1' }, { by: 'drain n1' })
  await world.env.advance(10_000)
  expect(await report).toEqual({ isDrained: true, evicted: [], left: [], refusals: [] })
  expect(world.tasks()).toMatch(/^log-\w+@n\d log-\w+@n\d$/)
})

test('each task waits as long as it tolerates the silence of its node', async () => {
  const world = await createSilentWorld()
  const tolerating: Readonly<Record<string, TaskSpec['tolerations']>> = {
    none: [],
    other: [{ ...unreachable, key: 'example.com/other', tolerationSeconds: 60 }],
    short: [{ ...unreachable, tolerationSeconds: 5 }],
    long: [{ ...unreachable, tolerationSeconds: 30 }],
    shortest: [
      { ...unreachable, tolerationSeconds: 30 },
      { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 },
    ],
    forever: [unreachable],
  }
  for (const [name, tolerations = []] of Object.entries(tolerating))
    await world.store.create(Task, { metadata: ref(name), spec: { nodeName: 'n1', tolerations } })
  await world.env.advance(2_000)
  world.cutOff('n1')
  const gone: string[] = []
  for (let second = 0; second <= 60; second += 1) {
    await world.env.advance(1_000)
    for (const name of Object.keys(tolerating))
      if (!gone.some(entry => entry.startsWith(`${name} `)) && world.store.get(Task, ref(name)) === undefined)
        gone.push(`${name} ${second}`)
  }
  expect(gone).toEqual(['shortest 3', 'short 8', 'none 13', 'other 13', 'long 33'])
})
