import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EndpointSlice, Service, TrafficConsumer } from '../../../src/api/index.js'
import { systemEnv } from '../../../src/core/index.js'
import { createRegistry, createRegistryFeed, createTrafficConsumers } from '../../../src/discovery/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import type { Store } from '../../../src/store/index.js'
import { canRunEtcd, EtcdServer, freePort } from '../../store/etcd/etcd-server.js'

const SILENT_MS = 1500
const ROUNDS = 12
const CONNECTIONS = 8

/** A server that says its name to everybody, and counts them. */
async function backend(
  name: string,
): Promise<{ readonly name: string; readonly port: number; connections: number }> {
  const self = { name, port: 0, connections: 0 }
  const server = createServer(socket => {
    self.connections++
    socket.on('error', () => {})
    socket.end(name)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  self.port = (server.address() as AddressInfo).port
  return self
}

/** What is said on a new connection to the port. */
async function hear(port: number): Promise<string> {
  let said = ''
  await new Promise<void>(done => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('data', chunk => (said += String(chunk)))
    socket.on('error', () => {})
    socket.on('close', () => done())
  })
  return said
}

/** Names who is ready, and gives the revision of it. */
async function setReady(
  store: Store,
  ports: Readonly<Record<string, number>>,
  ready: string,
): Promise<number> {
  const endpoints = Object.entries(ports).map(([id, http]) => ({
    id,
    addresses: ['127.0.0.1'],
    ports: { http },
    conditions: { ready: id === ready, serving: id === ready, terminating: false },
  }))
  const { metadata } = await store.modify(EndpointSlice, { namespace: 'prod', name: 'web-1' }, draft => {
    draft.spec.endpoints = endpoints
  })
  return Number(metadata.resourceVersion)
}

describe.runIf(canRunEtcd)('a proxy in another process, over a real etcd', () => {
  test('nobody reaches what was removed once it is waited for; a proxy that is killed is given up and named', async () => {
    const etcd = await EtcdServer.start()
    onTestFinished(() => etcd.close())
    const store = await connectStore({
      kinds: [Service, EndpointSlice, TrafficConsumer],
      etcd: { endpoints: [etcd.endpoint] },
    })
    onTestFinished(() => store.close())
    const [a, b] = [await backend('a'), await backend('b')]
    const ports = { a: a.port, b: b.port }
    const namespace = 'prod'
    await store.create(Service, {
      metadata: { namespace, name: 'web' },
      spec: { clusterIPs: ['10.96.0.1'], ports: [{ name: 'http', port: 80 }] },
    })
    await store.create(EndpointSlice, {
      metadata: { namespace, name: 'web-1' },
      spec: { serviceName: 'web', addressType: 'IPv4', endpoints: [] },
    })
    await setReady(store, ports, 'a')

    const registry = createRegistry()
    const manager = createManager({ client: store })
    manager.add(createRegistryFeed(registry))
    manager.add(createTrafficConsumers(registry, { silentMs: SILENT_MS }))
    await manager.start()
    onTestFinished(async () => void (await manager.stop()))

    const port = await freePort()
    const file = resolve(import.meta.dirname, 'proxy-process.ts')
    const child = spawn(process.execPath, ['--import', 'tsx', file, etcd.endpoint, String(port)], {
      cwd: resolve(import.meta.dirname, '../../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    await expect.poll(() => hear(port)).toBe('a')

    const wait = (revision: number): ReturnType<typeof registry.waitForConsumers> =>
      registry.waitForConsumers(revision, { clock: systemEnv.clock, timeoutMs: 20_000 })
    for (let round = 0; round < ROUNDS; round++) {
      const [next, removed] = round % 2 === 0 ? [b, a] : [a, b]
      const report = await wait(await setReady(store, ports, next.name))
      expect(report).toMatchObject({ kind: 'acknowledged', silent: [] })
      const before = removed.connections
      const said = await Promise.all(Array.from({ length: CONNECTIONS }, () => hear(port)))
      expect(new Set(said)).toEqual(new Set([next.name]))
      expect(removed.connections).toBe(before)
    }

    child.kill('SIGKILL')
    await once(child, 'exit')
    const report = await wait(await setReady(store, ports, 'b'))
    expect(report).toMatchObject({ kind: 'acknowledged', silent: ['process/proxy'] })
  })
})
