import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadManifest } from '../../examples/manifests/load.js'
import type { Cluster } from '../../examples/quickstart/cluster.js'
import { startCluster } from '../../examples/quickstart/cluster.js'
import { createHttpLoad } from '../../examples/runtime/http-load.js'
import {
  Deployment,
  isConditionTrue,
  isTaskFinished,
  Lease,
  ReplicaSet,
  Service,
  Task,
} from '../../src/api/index.js'
import type { Env } from '../../src/core/index.js'
import { systemEnv } from '../../src/core/index.js'
import { rolloutStatus } from '../../src/rollout/index.js'
import { makeCertificates } from '../store/etcd/certificates.js'
import { canRunEtcd, EtcdServer } from '../store/etcd/etcd-server.js'
import { soon } from '../store/etcd/soon.js'
import { bundleProgram } from '../store/node/program-run.js'

const directory = join(import.meta.dirname, '../../examples/quickstart')
const application = loadManifest(join(directory, 'hello-kubernetes.yaml'))
const ref = { namespace: 'default', name: 'hello' }
const lease = { namespace: 'default', name: 'control-plane' }

describe.runIf(canRunEtcd)('two control planes over one etcd, with certificates', () => {
  let server: EtcdServer
  let folder: string
  let env: Env
  let cluster: Cluster
  const planes: ChildProcess[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keelson-planes-'))
    const { ca, client, serverArgs } = makeCertificates(folder)
    server = await EtcdServer.start(serverArgs)
    const program = await bundleProgram('main', folder, directory)
    for (let count = 0; count < 2; count++)
      planes.push(
        spawn(
          process.execPath,
          [
            ...[program, '--etcd', server.endpoint, '--control-plane'],
            ...['--cacert', ca, '--cert', client.cert, '--key', client.key],
          ],
          { stdio: 'ignore' },
        ),
      )
    env = systemEnv.fork('planes')
    cluster = await startCluster(env, {
      nodes: ['node-a', 'node-b', 'node-c'],
      directory,
      servicePorts: [80],
      etcd: { endpoint: server.endpoint, ca, ...client },
    })
  })

  afterAll(async () => {
    for (const plane of planes) plane.kill('SIGKILL')
    await cluster.close()
    env.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const serves = (version: string, replicas: number): boolean => {
    const { client } = cluster
    const deployment = client.get(Deployment, ref)
    const alive = client.list(Task).items.filter(task => !isTaskFinished(task))
    const right = alive.filter(
      ({ spec, status }) =>
        spec.env?.some(({ name, value }) => name === 'VERSION' && value === version) &&
        isConditionTrue(status?.conditions, 'Ready'),
    )
    const isDone = deployment !== undefined && rolloutStatus(deployment).done
    return isDone && right.length === replicas && alive.length === replicas
  }
  const leader = (): string | undefined => cluster.client.get(Lease, lease)?.spec.holderIdentity

  test('one leads; it is killed in the middle of an update, the other goes on, no request fails', async () => {
    const { client } = cluster
    const made: string[] = []
    client.watch([Task, ReplicaSet]).on(({ events }) => {
      for (const { type, object } of events)
        if (type === 'ADDED') made.push(`${object.kind} ${object.metadata.name}`)
    })
    await client.create(Service, application.service)
    await client.create(Deployment, application.deployment)
    await soon(() => serves('v1', 3))
    expect(made.filter(name => name.startsWith('Task'))).toHaveLength(3)

    const load = createHttpLoad({
      env,
      hostname: 'hello.default.svc.cluster.local',
      dns: cluster.dns,
      dial: address => cluster.dial(address, application.service.spec.ports?.[0]?.port ?? 80),
      requestsPerSecond: 50,
    })
    load.expect(['v1', 'v2'])
    load.begin()
    const first = leader()
    const process = planes.find(({ pid }) => first === `control-plane-${pid}`)
    expect(process).toBeDefined()
    await client.modify(Deployment, ref, draft => {
      draft.spec.template.spec.env = [{ name: 'VERSION', value: 'v2' }]
    })
    // Some of it is done, and some is not.
    await soon(() => made.filter(name => name.startsWith('Task')).length > 3)
    process?.kill('SIGKILL')
    if (process !== undefined && process.exitCode === null && process.signalCode === null)
      await once(process, 'exit')
    await soon(() => serves('v2', 3))
    await load.stop()

    expect(leader()).not.toBe(first)
    // A machine that stands still for longer than a lease makes one more.
    expect(client.get(Lease, lease)?.spec.leaseTransitions).toBeGreaterThanOrEqual(1)
    // One task for each place and version, one ReplicaSet for each version.
    expect(made.filter(name => name.startsWith('Task'))).toHaveLength(6)
    expect(made.filter(name => name.startsWith('ReplicaSet'))).toHaveLength(2)
    expect(new Set(made).size).toBe(made.length)
    const { sent, failures } = await load.take()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(50)
  })
})
