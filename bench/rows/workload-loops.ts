import { Lease, Node, ReplicaSet, Task } from 'keelson/api'
import { createManager } from 'keelson/reconcile'
import { createStore } from 'keelson/store'
import { createVirtualEnv } from 'keelson/testing'
import {
  createNodeHeartbeat,
  createNodeLifecycleController,
  createReplicaController,
  planReplicas,
} from 'keelson/workloads'
import { defaultCrashBackoff } from '../../src/workloads/crash-backoff.js'
import { scaleDownOrder } from '../../src/workloads/scale-down-order.js'
import type { Measurement } from '../frame/measure.js'
import { collectGarbage, measure } from '../frame/measure.js'
import type { Row } from '../frame/row.js'

const FROM_MS = Date.UTC(2026, 0, 1)
const TASKS_PER_NODE = 30
const BEAT_MS = 10_000
const VICTIMS = 100

/** Replicas, and the nodes that they run on. */
export const workloadLoopRows: readonly Row[] = [
  {
    name: 'replica-plan',
    title: 'plan of one replica set, of whose tasks one in a hundred has ended since',
    unit: 'ns',
    target: 1_000_000,
    sizes: [10_000],
    ours: replicaPlans,
    floor: { title: 'a look at the phase of each task', run: looks, timesMax: 20 },
  },
  {
    name: 'victims',
    title: `the first ${VICTIMS} to go of the running tasks of a set, on ${VICTIMS} nodes`,
    unit: 'ns',
    sizes: [10_000],
    ours: size => ranking(size, VICTIMS),
    floor: { title: 'all of them in their order', run: size => ranking(size, size), timesMax: 1 / 3 },
  },
  {
    name: 'replica-sets',
    title: 'replica sets of 10 tasks each, from an empty store with the sets to settled',
    unit: 'ms',
    target: 20_000,
    sizes: [10_000],
    heapMiB: () => 4096,
    ours: coldStart,
    runs: 1,
  },
  {
    name: 'heartbeats',
    title: `one beat of a node with ${TASKS_PER_NODE} tasks, written, heard and waited for, in virtual time`,
    unit: 'ns',
    // A twentieth of a processor for 5,000 nodes that beat every ten seconds.
    target: 100_000,
    sizes: [5_000],
    heapMiB: () => 4096,
    ours: heartbeats,
    runs: 1,
  },
]

/** As a store gives them; made ready one after the other, on nodes in turn. */
function runningTasks(size: number): readonly Task[] {
  return Array.from({ length: size }, (_, at): Task => {
    const time = new Date(FROM_MS + ((at * 7_919) % size) * 1_000).toISOString()
    return {
      apiVersion: 'v1',
      kind: 'Task',
      metadata: {
        namespace: 'default',
        name: `web-${at}`,
        uid: `${(at * 104_729) % size}`,
        resourceVersion: `${at + 1}`,
        generation: 1,
        creationTimestamp: time,
        labels: { app: 'web' },
        annotations: {},
        ownerReferences: [],
        finalizers: [],
      },
      spec: { image: 'web:1', nodeName: `n${at % VICTIMS}` },
      status: {
        phase: 'Running',
        conditions: [
          { type: 'Ready', status: 'True', reason: 'Probed', message: '', lastTransitionTime: time },
        ],
      },
    }
  })
}

function ranking(size: number, count: number): Promise<Measurement> {
  const tasks = runningTasks(size)
  const nowMs = FROM_MS + size * 2_000
  return measure({
    batch: 1,
    operations: 100,
    prepare: () => undefined,
    run: () => scaleDownOrder(tasks, count, { nowMs, readyByMs: nowMs - 10_000 }),
  })
}

/** One in a hundred has ended; of them none is kept yet. */
function changedTasks(size: number): readonly Task[] {
  return runningTasks(size).map((task, at) =>
    at % 100 === 0 ? { ...task, status: { ...task.status, phase: 'Succeeded' } } : task,
  )
}

function replicaPlans(size: number): Promise<Measurement> {
  const tasks = changedTasks(size)
  const nowMs = FROM_MS + size * 2_000
  const [first] = tasks
  if (first === undefined) throw new Error('a set of no tasks has nothing to plan')
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: first.metadata,
    spec: {
      replicas: size,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { image: 'web:1' } },
    },
  }
  return measure({
    batch: 10,
    operations: 1_000,
    prepare: () => undefined,
    run: (_, count) => {
      for (let plan = 0; plan < count; plan++)
        planReplicas(set, { tasks }, { burst: 500, historyLimit: 5, backoff: defaultCrashBackoff }, nowMs)
    },
  })
}

function looks(size: number): Promise<Measurement> {
  const tasks = changedTasks(size)
  let running = 0
  return measure({
    batch: 10,
    operations: 1_000,
    prepare: () => undefined,
    run: (_, count) => {
      for (let look = 0; look < count; look++)
        for (const { status } of tasks) if (status?.phase === 'Running') running += 1
      return running
    },
  })
}

async function coldStart(size: number): Promise<Measurement> {
  const store = createStore({ kinds: [ReplicaSet, Task] })
  const labels = { app: 'web' }
  for (let index = 0; index < size; index++) {
    const own = { ...labels, set: `s${index}` }
    await store.create(ReplicaSet, {
      metadata: { namespace: 'default', name: `s${index}` },
      spec: {
        replicas: 10,
        selector: { matchLabels: own },
        template: { metadata: { labels: own }, spec: { image: 'web:1' } },
      },
    })
  }
  const manager = createManager({ client: store, garbageCollection: 'elsewhere' })
  manager.add(createReplicaController())
  let revision = 0
  const measured = await measure({
    batch: 1,
    operations: 1,
    prepare: collectGarbage,
    run: async () => {
      await manager.start()
      await manager.settled()
      ;({ revision } = store)
    },
  })
  const tasks = store.count(Task)
  await new Promise(resolve => setTimeout(resolve, 1_000))
  const note = `${tasks} tasks; then ${store.revision - revision} writes in a second`
  await manager.stop()
  return { ...measured, samples: measured.samples.map(ns => ns / 1e6), mean: measured.mean / 1e6, note }
}

async function heartbeats(size: number): Promise<Measurement> {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Node, Lease, Task], env })
  const manager = createManager({ client: store.client(env), garbageCollection: 'elsewhere' })
  manager.add(createNodeLifecycleController())
  for (let at = 0; at < size; at++) {
    manager.add(createNodeHeartbeat({ nodeName: `n${at}`, heartbeatMs: BEAT_MS, status: {} }))
    for (let task = 0; task < TASKS_PER_NODE; task++)
      await store.create(Task, {
        metadata: { namespace: 'default', name: `t${at}-${task}` },
        spec: { image: 'web:1', nodeName: `n${at}` },
        status: { phase: 'Running' },
      })
  }
  await env.run(() => manager.start())
  await env.advance(BEAT_MS)
  const measured = await measure({
    batch: size,
    operations: size * 4,
    budgetMs: 20_000,
    prepare: collectGarbage,
    run: () => env.advance(BEAT_MS),
    note: `${store.count(Task)} tasks`,
  })
  await env.run(() => manager.stop())
  return measured
}
