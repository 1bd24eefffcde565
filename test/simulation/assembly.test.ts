import { expect, test } from 'vitest'
import type { DeploymentSpec } from '../../src/api/index.js'
import {
  Deployment,
  isConditionTrue,
  isTaskFinished,
  Lease,
  Node,
  ReplicaSet,
  Task,
} from '../../src/api/index.js'

import { createRolloutController, history, rolloutStatus, undo } from '../../src/rollout/index.js'

import { createReplicaController } from '../../src/workloads/index.js'
import { createWorld } from '../fixtures/world.js'
import type { Behaviour } from './fixtures/machines.js'
import { templateOf } from './fixtures/script.js'
import type { SimulatedCluster } from './fixtures/simulated-cluster.js'
import { createSimulatedCluster, kinds } from './fixtures/simulated-cluster.js'

const ref = { namespace: 'default', name: 'web' }

async function clusterWith(spec: Partial<DeploymentSpec> = {}): Promise<SimulatedCluster> {
  const cluster = createSimulatedCluster({ seed: 1, nodes: 3 })
  await cluster.env.settle()
  await cluster.store.create(Deployment, {
    metadata: ref,
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: templateOf('web', '0', 'good'),
      ...spec,
    },
  })
  await cluster.env.runUntil(() => isDone(cluster), { timeoutMs: 60_000 })
  return cluster
}

function isDone({ store }: SimulatedCluster): boolean {
  const deployment = store.get(Deployment, ref)
  return deployment !== undefined && rolloutStatus(deployment).done
}

async function roll({ store }: SimulatedCluster, version: string, behaviour: Behaviour): Promise<void> {
  await store.modify(Deployment, ref, draft => {
    Object.assign(draft.spec, { template: templateOf('web', version, behaviour) })
  })
}

test('a template of which no task can be made does not block the way back', async () => {
  const cluster = await clusterWith()
  const { store, env } = cluster
  await store.modify(Deployment, ref, draft => {
    draft.spec.template.metadata = { labels: { app: 'web' }, annotations: { 'not a key': '' } }
  })
  await env.advance(30_000)
  expect(
    store.list(Task).items.filter(task => isConditionTrue(task.status?.conditions, 'Ready')),
  ).toHaveLength(3)
  await undo(store, ref)
  await env.runUntil(() => isDone(cluster), { timeoutMs: 60_000 })
  const sizes = store.list(ReplicaSet).items.map(set => set.spec.replicas)
  expect(sizes.sort((a, b) => a - b)).toEqual([0, 3])
})

test('sets that are trimmed leave no tasks behind', async () => {
  const cluster = await clusterWith({
    revisionHistoryLimit: 1,
    onFailure: 'revert',
    progressDeadlineSeconds: 30,
  })
  for (const version of ['1', '2', '3', '4']) {
    await roll(cluster, version, 'crash')
    await cluster.env.advance(120_000)
  }
  const { store, env } = cluster
  await env.runUntil(() => isDone(cluster), { timeoutMs: 60_000 })
  const owners = new Set(store.list(ReplicaSet).items.map(set => set.metadata.uid))
  expect(owners.size).toBe(2)
  const orphans = store
    .list(Task)
    .items.filter(task => !owners.has(task.metadata.ownerReferences[0]?.uid ?? ''))
  expect(orphans.map(task => task.metadata.name)).toEqual([])
})

test('tasks of a node that is removed and silent are replaced, and its lease goes', async () => {
  const cluster = await clusterWith()
  const { store, env, nodes, machines } = cluster
  const [gone] = nodes
  gone?.agent.crash()
  gone?.heartbeat.crash()
  machines.powerCut('node-0')
  await store.delete(Node, { name: 'node-0' })
  await env.advance(120_000)
  const alive = store.list(Task).items.filter(task => !isTaskFinished(task))
  expect(alive.map(task => task.spec.nodeName)).not.toContain('node-0')
  expect(alive).toHaveLength(3)
  expect(store.list(Lease).items.map(lease => lease.metadata.name)).not.toContain('node-0')
})

test('failures count however few ended tasks are kept', async () => {
  const { env, store, start } = createWorld({ kinds })
  await start(
    createRolloutController({ maxFailures: 6 }),
    createReplicaController({ backoff: { baseMs: 10, maxMs: 10 } }),
  )
  await store.create(Deployment, {
    metadata: ref,
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: templateOf('web', '0', 'good'),
    },
  })
  // Further apart than those of a crash loop, which ends a rollout by itself.
  for (let failed = 0; failed < 7; failed++) {
    await env.advance(40_000)
    const [task] = store.list(Task).items.filter(one => !isTaskFinished(one))
    if (task === undefined) throw new Error('the failed task was not replaced')
    expect(rolloutStatus(store.get(Deployment, ref) as Deployment).failure).toBeUndefined()
    const startTime = task.metadata.creationTimestamp
    await store.updateStatus(Task, { ...task, status: { phase: 'Failed', startTime, finishTime: startTime } })
  }
  await env.advance(100)
  expect(history(store, ref)[0]?.outcome).toBe('failed')
  expect(store.list(Task).items.filter(isTaskFinished).length).toBeLessThanOrEqual(5)
})
