import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadManifest } from '../../examples/manifests/load.js'
import type { Cluster } from '../../examples/quickstart/cluster.js'
import { startCluster } from '../../examples/quickstart/cluster.js'
import {
  Deployment,
  isConditionTrue,
  isTaskFinished,
  ReplicaSet,
  Revision,
  Service,
  Task,
} from '../../src/api/index.js'
import type { Env } from '../../src/core/index.js'
import { createSeededRandom, systemEnv } from '../../src/core/index.js'
import { waitUntil } from '../../src/reconcile/index.js'
import { rolloutStatus } from '../../src/rollout/index.js'

const directory = join(import.meta.dirname, '../../examples/quickstart')
const application = loadManifest(join(directory, 'hello-kubernetes.yaml'))
const ref = { namespace: 'default', name: 'hello' }
const REPLICAS = 6
const KILLS = 20
const STEADY_MS = 5_000

let env: Env
let cluster: Cluster

beforeAll(async () => {
  env = systemEnv.fork('process-kills')
  cluster = await startCluster(env, { nodes: ['node-a', 'node-b', 'node-c'], directory })
  const { client } = cluster
  await client.create(Service, application.service)
  await client.create(Deployment, {
    ...application.deployment,
    spec: { ...application.deployment.spec, replicas: REPLICAS },
  })
  await asDesired()
})

afterAll(async () => {
  const pids = cluster.processes().map(([, pid]) => pid)
  await cluster.close()
  env.close()
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

/** All replicas are ready, the rollout is done, and there are as many processes as tasks. */
function isAsDesired(killed: ReadonlySet<string> = new Set()): boolean {
  const { client } = cluster
  const deployment = client.get(Deployment, ref)
  const tasks = client
    .list(Task)
    .items.filter(task => !isTaskFinished(task) && !killed.has(task.metadata.uid))
  const ready = tasks.filter(task => isConditionTrue(task.status?.conditions, 'Ready'))
  const running = new Set(cluster.processes().map(([uid]) => uid))
  return (
    deployment !== undefined &&
    rolloutStatus(deployment).done &&
    ready.length === REPLICAS &&
    ready.every(task => running.has(task.metadata.uid))
  )
}

function asDesired(killed?: ReadonlySet<string>): Promise<void> {
  return waitUntil(cluster.client, [Task, ReplicaSet, Deployment], () => isAsDesired(killed), {
    timeoutMs: 15_000,
  })
}

test(`the desired state returns after each of ${KILLS} processes that are killed at random moments`, async () => {
  const random = createSeededRandom('process-kills')
  const sizes = () => cluster.client.list(ReplicaSet).items.map(set => [set.metadata.name, set.spec.replicas])
  const before = { sizes: sizes(), revisions: cluster.client.list(Revision).items.length }
  await env.clock.sleep(STEADY_MS)
  expect(sizes()).toEqual(before.sizes)

  const killed = new Set<string>()
  while (killed.size < KILLS) {
    const processes = cluster.processes()
    const together = Math.min(1 + Math.floor(random.next() * 3), KILLS - killed.size)
    for (let i = 0; i < together; i += 1) {
      const [uid, pid] = processes[Math.floor(random.next() * processes.length)] ?? []
      if (uid === undefined || pid === undefined || killed.has(uid)) continue
      process.kill(pid, 'SIGKILL')
      killed.add(uid)
    }
    await asDesired(killed)
    await env.clock.sleep(random.next() * 300)
  }

  expect(killed.size).toBe(KILLS)
  expect({ sizes: sizes(), revisions: cluster.client.list(Revision).items.length }).toEqual(before)
})
