import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { ServicePort } from '../../../src/api/index.js'
import { AddressClaim, EndpointSlice, Service } from '../../../src/api/index.js'
import type { Endpoint } from '../../../src/core/index.js'
import { createAddressController, createRegistry, createRegistryFeed } from '../../../src/discovery/index.js'
import { serveVips } from '../../../src/discovery/node/index.js'
import type { Manager } from '../../../src/reconcile/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import type { Store } from '../../../src/store/index.js'
import type { VirtualEnv } from '../../../src/testing/index.js'
import { createWorld } from '../../fixtures/world.js'

const namespace = 'prod'
const kinds = [Service, EndpointSlice, AddressClaim]

interface World {
  readonly env: VirtualEnv
  readonly store: Store
  start(): Promise<Manager>
}

function world(nodePorts = { first: 30_000, last: 30_002 }): World {
  const { env, store } = createWorld({ kinds })
  let starts = 0
  return {
    env,
    store,
    start: async () => {
      const manager = createManager({ client: store.client(env.fork(`start-${starts++}`)) })
      manager.add(createAddressController({ pools: [{ name: 'vips', cidrs: ['10.96.0.0/24'] }], nodePorts }))
      void manager.start()
      await env.settle()
      return manager
    },
  }
}

async function put({ store, env }: World, name: string, ...nodePorts: readonly number[]): Promise<void> {
  const ports = nodePorts.map((nodePort, i) => ({ name: `p${i}`, port: 80 + i, nodePort }))
  await store.create(Service, { metadata: { namespace, name }, spec: { ports } })
  await env.settle()
}

async function remove({ store, env }: World, name: string): Promise<void> {
  await store.delete(Service, { namespace, name })
  await env.settle()
}

const portsOf = ({ store }: World, name: string): readonly (number | undefined)[] =>
  (store.get(Service, { namespace, name })?.spec.ports ?? []).map(({ nodePort }) => nodePort)
const reasonOf = ({ store }: World, name: string): string | undefined =>
  store
    .get(Service, { namespace, name })
    ?.status?.conditions?.find(({ type }) => type === 'NodePortsAllocated')?.reason
const claimsOf = ({ store }: World): readonly string[] =>
  store
    .list(AddressClaim)
    .items.map(({ metadata }) => metadata.name)
    .filter(name => name.startsWith('node-port'))

describe('node ports', () => {
  test('a port that asks for one is given a number that nobody else has; one that does not has none', async () => {
    const w = world()
    await w.start()
    await put(w, 'a', 0)
    await put(w, 'b', 30_001)
    await put(w, 'c', 0)
    await w.store.create(Service, { metadata: { namespace, name: 'd' }, spec: { ports: [{ port: 80 }] } })
    await w.env.settle()
    expect(['a', 'b', 'c', 'd'].map(name => portsOf(w, name))).toEqual([
      [30_000],
      [30_001],
      [30_002],
      [undefined],
    ])
    expect(['a', 'd'].map(name => reasonOf(w, name))).toEqual(['Allocated', undefined])
    expect(claimsOf(w)).toEqual(['node-port-30000-tcp', 'node-port-30001-tcp', 'node-port-30002-tcp'])
  })

  test('a number is its owner’s alone, over a restart too, and free when the owner is gone', async () => {
    const w = world()
    const manager = await w.start()
    await put(w, 'a', 30_001)
    void manager.stop()
    await w.env.settle()
    await w.start()
    await put(w, 'b', 30_001)
    expect([portsOf(w, 'b'), reasonOf(w, 'b')]).toEqual([[30_001], 'NodePortTaken'])
    expect(w.store.get(AddressClaim, { name: 'node-port-30001-tcp' })?.spec.owner.name).toBe('a')
    await remove(w, 'a')
    await w.env.advance(10_000)
    expect(reasonOf(w, 'b')).toBe('Allocated')
    expect(w.store.get(AddressClaim, { name: 'node-port-30001-tcp' })?.spec.owner.name).toBe('b')
  })

  test('a claim that is not named by its port takes none from others, and goes', async () => {
    const w = world()
    await w.start()
    await put(w, 'a', 30_000)
    const uid = w.store.get(Service, { namespace, name: 'a' })?.metadata.uid ?? ''
    const owner = { kind: 'Service', namespace, name: 'a', uid }
    for (const number of [30_000, 30_001]) {
      const port = { name: 'p0', protocol: 'TCP', number } as const
      const metadata = { name: `node-port-of-mine-${number}` }
      await w.store.create(AddressClaim, { metadata, spec: { pool: 'node-ports', owner, port } })
    }
    await w.env.settle()
    await put(w, 'b', 30_001)
    await put(w, 'c', 30_000)
    expect([reasonOf(w, 'b'), reasonOf(w, 'c')]).toEqual(['Allocated', 'NodePortTaken'])
    expect(claimsOf(w)).toEqual(['node-port-30000-tcp', 'node-port-30001-tcp'])
  })

  test('a manifest that is applied again, and a service made again, keep their numbers', async () => {
    const w = world({ first: 30_000, last: 30_009 })
    await w.start()
    await put(w, 'a', 0, 0)
    await put(w, 'b', 0)
    expect([portsOf(w, 'a'), portsOf(w, 'b')]).toEqual([[30_000, 30_001], [30_002]])
    await w.store.modify(Service, { namespace, name: 'a' }, ({ spec }) => {
      for (const port of (spec.ports ?? []) as { nodePort?: number }[]) port.nodePort = 0
      spec.ports?.reverse()
    })
    await w.env.settle()
    expect(portsOf(w, 'a')).toEqual([30_001, 30_000])
    await remove(w, 'a')
    await put(w, 'c', 0)
    await put(w, 'a', 0, 0)
    expect([portsOf(w, 'c'), portsOf(w, 'a')]).toEqual([[30_003], [30_000, 30_001]])
    void w.store.delete(Service, { namespace, name: 'a' })
    await put(w, 'a', 30_000)
    expect([portsOf(w, 'a'), reasonOf(w, 'a')]).toEqual([[30_000], 'Allocated'])
  })

  test('a port that is renamed keeps its number, and its claim has the new name', async () => {
    const w = world({ first: 30_000, last: 30_009 })
    await w.start()
    await put(w, 'a', 0, 0)
    const rename = async (name: string, nodePort: number): Promise<void> => {
      await w.store.modify(Service, { namespace, name: 'a' }, ({ spec }) => {
        const [port] = (spec.ports ?? []) as { name?: string; nodePort?: number }[]
        if (port !== undefined) Object.assign(port, { name, nodePort })
      })
      await w.env.settle()
    }
    await rename('web', 30_000)
    const claim = w.store.get(AddressClaim, { name: 'node-port-30000-tcp' })
    expect(claim?.spec.port).toEqual({ name: 'web', protocol: 'TCP', number: 30_000 })
    await rename('web', 0)
    expect(portsOf(w, 'a')).toEqual([30_000, 30_001])
    await remove(w, 'a')
    await w.store.create(Service, {
      metadata: { namespace, name: 'a' },
      spec: { ports: [{ name: 'web', port: 80, nodePort: 0 }] },
    })
    await w.env.settle()
    expect(portsOf(w, 'a')).toEqual([30_000])
  })

  test('ports that swap their names swap nothing else', async () => {
    const w = world({ first: 30_000, last: 30_009 })
    await w.start()
    await put(w, 'a', 0, 0)
    await w.store.modify(Service, { namespace, name: 'a' }, ({ spec }) => {
      const [first, second] = (spec.ports ?? []) as { name?: string }[]
      if (first === undefined || second === undefined) return
      Object.assign(first, { name: 'p1' })
      Object.assign(second, { name: 'p0' })
    })
    await w.env.settle()
    const held = w.store.list(AddressClaim).items.flatMap(({ spec }) => spec.port ?? [])
    expect(Object.fromEntries(held.map(({ name, number }) => [name, number]))).toEqual({
      p0: 30_001,
      p1: 30_000,
    })
  })

  test('all of a service or none; exhaustion is a condition, until a number is free', async () => {
    const w = world()
    await w.start()
    await put(w, 'a', 0, 0)
    await put(w, 'b', 0, 0)
    expect([portsOf(w, 'b'), reasonOf(w, 'b')]).toEqual([[0, 0], 'PoolExhausted'])
    expect(claimsOf(w)).toHaveLength(2)
    await put(w, 'c', 29_999)
    expect(reasonOf(w, 'c')).toBe('NodePortOutOfRange')
    await w.store.modify(
      Service,
      { namespace, name: 'a' },
      ({ spec }) => void delete spec.ports?.[0]?.nodePort,
    )
    await w.env.advance(10_000)
    expect([portsOf(w, 'a'), reasonOf(w, 'b')]).toEqual([[undefined, 30_001], 'Allocated'])
    await w.store.modify(Service, { namespace, name: 'b' }, draft => {
      draft.spec = { mode: 'headless', ports: [{ port: 80 }] }
    })
    await w.env.settle()
    expect([claimsOf(w), reasonOf(w, 'b')]).toEqual([['node-port-30001-tcp'], undefined])
  })

  const refused: readonly (readonly [string, object, string])[] = [
    ['a number out of bounds', { ports: [{ port: 80, nodePort: 65_536 }] }, 'spec.ports[0].nodePort'],
    ['a service without proxy', { mode: 'headless', ports: [{ port: 80, nodePort: 0 }] }, 'mode headless'],
    [
      'one number for two ports',
      {
        ports: [
          { name: 'a', port: 80, nodePort: 30_000 },
          { name: 'b', port: 81, nodePort: 30_000 },
        ],
      },
      'spec.ports[1].nodePort',
    ],
  ]
  test.each(refused)('%s is refused at admission', async (_what, spec, message) => {
    const { store } = world()
    await expect(store.create(Service, { metadata: { namespace, name: 'a' }, spec })).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(message),
    })
  })
})

test('a connection and a datagram to the node port reach an endpoint, until the service has it no more', async () => {
  const tcp = createServer(socket => socket.end('pong')).listen(0, '127.0.0.1')
  const udp = createSocket('udp4', (bytes, from) => udp.send(bytes, from.port, from.address))
  udp.bind(0, '127.0.0.1')
  await Promise.all([once(tcp, 'listening'), once(udp, 'listening')])
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const free = (probe.address() as AddressInfo).port
  probe.close()

  const { env, store } = createWorld({ kinds })
  const registry = createRegistry()
  const manager = createManager({ client: store.client(env) })
  const nodePorts = { first: free, last: free }
  manager.add(createAddressController({ pools: [{ name: 'vips', cidrs: ['10.96.0.0/24'] }], nodePorts }))
  manager.add(createRegistryFeed(registry))
  void manager.start()
  const ports: ServicePort[] = [
    { name: 't', port: 80, nodePort: 0 },
    { name: 'u', port: 53, protocol: 'UDP', nodePort: 0 },
  ]
  await store.create(Service, { metadata: { namespace, name: 'web' }, spec: { ports } })
  const endpoint: Endpoint = {
    id: 'a',
    addresses: ['127.0.0.1'],
    ports: { t: (tcp.address() as AddressInfo).port, u: udp.address().port },
    conditions: { ready: true, serving: true, terminating: false },
  }
  await store.create(EndpointSlice, {
    metadata: { namespace, name: 's' },
    spec: { serviceName: 'web', addressType: 'IPv4', endpoints: [endpoint] },
  })
  await env.settle()
  const bind = (): { host: string; port: number } => ({ host: '127.0.0.1', port: 0 })
  await using proxy = serveVips(registry, { bind, nodePortAddresses: ['127.0.0.1'] })
  await proxy.listening()

  const client = connect(free, '127.0.0.1')
  expect(String((await once(client, 'data'))[0])).toBe('pong')
  client.destroy()
  const sender = createSocket('udp4')
  sender.send('hello', free, '127.0.0.1')
  expect(String((await once(sender, 'message'))[0])).toBe('hello')
  sender.close()

  await store.modify(Service, { namespace, name: 'web' }, ({ spec }) => {
    for (const port of (spec.ports ?? []) as { nodePort?: number }[]) delete port.nodePort
  })
  await env.settle()
  const [error] = await once(connect(free, '127.0.0.1'), 'error')
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  tcp.close()
  udp.close()
})
