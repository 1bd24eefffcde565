import { describe, expect, test } from 'vitest'
import type { ServiceSpec, TaskStatus } from '../../../src/api/index.js'
import { AddressClaim, EndpointSlice, Node, Service, Task } from '../../../src/api/index.js'
import type { Endpoint } from '../../../src/core/index.js'
import { silentLogger } from '../../../src/core/index.js'
import { createEnvTree } from '../../../src/core/internal.js'
import type { Registry } from '../../../src/discovery/index.js'
import {
  createAddressController,
  createEndpointsController,
  createRegistry,
  createRegistryFeed,
  kubernetesNames,
} from '../../../src/discovery/index.js'
import { acceptable } from '../../../src/discovery/shell/stored-services.js'
import type { Manager } from '../../../src/reconcile/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import type { Kind, Store } from '../../../src/store/index.js'
import { defineKind } from '../../../src/store/index.js'
import type { VirtualEnv } from '../../../src/testing/index.js'
import { createWorld } from '../../fixtures/world.js'

interface World {
  readonly env: VirtualEnv
  readonly store: Store
  readonly registry: Registry
  readonly manager: Manager
}

const namespace = 'prod'

/** A store may hold slices that were written before they were judged. */
function unjudgedSlices(): Kind {
  const { apiVersion, kind, plural, namespaced, indexes } = EndpointSlice
  return defineKind({ apiVersion, kind, plural, namespaced, indexes })
}

/** @param beforeCommit runs before each write of the controllers */
async function world(
  cidr = '10.96.0.0/29',
  beforeCommit: (store: Store) => void = () => {},
  slices: Kind = EndpointSlice,
): Promise<World> {
  const { env, store } = createWorld({ kinds: [Service, Task, Node, slices, AddressClaim] })
  const { defer } = env.tasks
  const hooked = createEnvTree('controllers', () => ({
    ...env,
    tasks: {
      defer: (step, about) =>
        defer(() => {
          if (about.kind === 'commit') beforeCommit(store)
          step()
        }, about),
    },
  }))
  const registry = createRegistry({ profiles: [kubernetesNames()], logger: env.logger })
  const manager = createManager({ client: store.client(hooked) })
  manager.add(createAddressController({ pools: [{ name: 'services', cidrs: [cidr], quarantineMs: 1000 }] }))
  manager.add(createEndpointsController({ maxPerSlice: 2 }))
  manager.add(createRegistryFeed(registry))
  void manager.start()
  await env.settle()
  return { env, store, registry, manager }
}

const web: ServiceSpec = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] }

async function addService({ store, env }: World, name: string, spec: ServiceSpec = web): Promise<void> {
  await store.create(Service, { metadata: { namespace, name }, spec })
  await env.settle()
}

async function addTask({ store, env }: World, name: string, port = 30_000): Promise<void> {
  await store.create(Task, {
    metadata: { namespace, name, labels: { app: 'web', 'keelson.dev/template-hash': 'v1' } },
    spec: { nodeName: 'n1' },
  })
  await setStatus({ store, env } as World, name, 'True', port)
}

async function setStatus(
  { store, env }: World,
  name: string,
  ready: 'True' | 'False' | 'Unknown',
  port = 30_000,
): Promise<void> {
  const condition = {
    type: 'Ready',
    status: ready,
    reason: 'Test',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const status: TaskStatus = {
    phase: 'Running',
    conditions: [condition],
    address: '127.64.0.9',
    ports: [{ name: 'http', containerPort: 8080, hostPort: port, protocol: 'TCP' }],
  }
  await store.modifyStatus(Task, { namespace, name }, draft => {
    Object.assign(draft, { status })
  })
  await env.settle()
}

const vipOf = ({ store }: World, name: string): string | undefined =>
  store.get(Service, { namespace, name })?.spec.clusterIPs?.[0]
const claims = ({ store }: World): readonly string[] =>
  store
    .list(AddressClaim)
    .items.filter(({ spec }) => spec.releasedTime === undefined)
    .map(claim => claim.metadata.name)

describe('endpoints controller', () => {
  test('an endpoint is a matching task with an address, on its own host port', async () => {
    const w = await world()
    await addService(w, 'web')
    await addTask(w, 'web-a', 30_001)
    const [endpoint] = w.store.list(EndpointSlice).items.flatMap(slice => slice.spec.endpoints)
    expect(endpoint).toEqual({
      id: 'web-a',
      addresses: ['127.64.0.9'],
      ports: { http: 30_001 },
      nodeName: 'n1',
      template: 'v1',
      conditions: { ready: true, serving: true, terminating: false },
    })
  })

  test('readiness follows the Ready condition, and publishNotReadyAddresses overrides it', async () => {
    const w = await world()
    await addService(w, 'web')
    await addService(w, 'peers', { ...web, mode: 'headless', publishNotReadyAddresses: true })
    await addTask(w, 'web-a')
    for (const status of ['False', 'Unknown'] as const) {
      await setStatus(w, 'web-a', status)
      expect(w.registry.endpoints('prod/web'), status).toEqual([])
      expect(
        w.registry.endpoints('prod/peers').map(endpoint => endpoint.id),
        status,
      ).toEqual(['web-a'])
    }
  })

  test('a task that is being deleted serves and ends, until its object is gone', async () => {
    const w = await world()
    await addService(w, 'web')
    await addTask(w, 'web-a')
    await w.store.modify(
      Task,
      { namespace, name: 'web-a' },
      draft => void draft.metadata.finalizers.push('example.com/hold'),
    )
    await w.store.delete(Task, { namespace, name: 'web-a' })
    await w.env.settle()
    expect(w.registry.endpoints('prod/web')).toEqual([])
    const { deletionTimestamp = '' } = w.store.get(Task, { namespace, name: 'web-a' })?.metadata ?? {}
    const killedAtMs = Date.parse(deletionTimestamp) + 30_000
    expect(
      w.registry
        .endpoints('prod/web', 'serving')
        .map(({ id, conditions, drainDeadlineMs }) => [id, conditions.terminating, drainDeadlineMs]),
    ).toEqual([['web-a', true, killedAtMs]])
    await w.store.modify(Task, { namespace, name: 'web-a' }, draft => {
      draft.metadata.finalizers = []
    })
    await w.env.settle()
    expect(w.registry.endpoints('prod/web', 'all')).toEqual([])
  })

  test('slices are bounded, change together in one revision, and go with their service', async () => {
    const w = await world()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await addTask(w, name)
    const seen: number[] = []
    w.registry.onChange(({ snapshot }) => seen.push(snapshot.services.get('prod/web')?.endpoints.length ?? 0))
    await addService(w, 'web')
    expect(w.store.list(EndpointSlice).items.map(slice => slice.metadata.name)).toEqual([
      'web-1',
      'web-2',
      'web-3',
    ])
    expect(new Set(seen)).toEqual(new Set([0, 5]))
    await w.store.delete(Service, { namespace, name: 'web' })
    await w.env.settle()
    expect(w.store.list(EndpointSlice).items).toEqual([])
    expect(w.registry.verify()).toEqual([])
  })

  test('each task serves the ports that it has; a port that no task has is said on the service', async () => {
    const w = await world()
    const spec: ServiceSpec = {
      selector: { app: 'web' },
      ports: [
        { name: 'a', port: 80, targetPort: 'pa' },
        { name: 'b', port: 81, targetPort: 'pb' },
      ],
    }
    await addService(w, 'web', spec)
    const condition = (): unknown =>
      w.store
        .get(Service, { namespace, name: 'web' })
        ?.status?.conditions?.find(({ type }) => type === 'PortsFound')
    await addTask(w, 'old')
    expect([w.registry.endpoints('prod/web'), condition()]).toMatchObject([
      [],
      { status: 'False', reason: 'TargetPortMissing', message: expect.stringContaining('port 81 (b) wants') },
    ])
    for (const [name, port] of [
      ['t1', 'pa'],
      ['t2', 'pb'],
    ] as const) {
      await addTask(w, name)
      await w.store.modifyStatus(Task, { namespace, name }, draft => {
        if (draft.status?.ports !== undefined)
          draft.status.ports = [{ name: port, containerPort: 1, hostPort: 30_001, protocol: 'TCP' }]
      })
    }
    await w.env.settle()
    expect(w.registry.endpoints('prod/web').map(({ id, ports }) => [id, ports])).toEqual([
      ['t1', { a: 30_001 }],
      ['t2', { b: 30_001 }],
    ])
    expect(condition()).toMatchObject({ status: 'True', reason: 'PortsFound' })
    await w.store.delete(Task, { namespace, name: 't1' })
    await w.env.settle()
    expect(w.registry.endpoints('prod/web').map(({ id }) => id)).toEqual(['t2'])
    expect(condition()).toMatchObject({ status: 'False', message: expect.stringContaining('port 80 (a)') })
  })

  test('a slice of that name of another service is no obstacle', async () => {
    const w = await world()
    await w.store.create(EndpointSlice, {
      metadata: { namespace, name: 'web-1' },
      spec: { serviceName: 'manual', addressType: 'IPv4', endpoints: [] },
    })
    await addService(w, 'web')
    await addTask(w, 'web-a')
    expect(w.registry.endpoints('prod/web').map(({ id }) => id)).toEqual(['web-a'])
  })

  test('an endpoint has the hostname of its task and the zone of its node, as they are now', async () => {
    const w = await world()
    const node = (zone: string): { labels: Record<string, string> } => ({
      labels: { 'topology.kubernetes.io/zone': zone },
    })
    await w.store.create(Node, { metadata: { name: 'n1', ...node('z1') }, spec: {} })
    await addService(w, 'web')
    await addTask(w, 'web-a')
    await w.store.modify(Task, { namespace, name: 'web-a' }, draft => {
      draft.spec.hostname = 'first'
    })
    await w.env.settle()
    const place = (): unknown =>
      w.registry.endpoints('prod/web').map(({ hostname, zone }) => [hostname, zone])
    expect(place()).toEqual([['first', 'z1']])
    await w.store.modify(Node, { name: 'n1' }, draft => void Object.assign(draft.metadata, node('z2')))
    await w.env.settle()
    expect(place()).toEqual([['first', 'z2']])
  })

  test('nothing is written when nothing changed', async () => {
    const w = await world()
    await addService(w, 'web')
    await addTask(w, 'web-a')
    const slices = w.store.list(EndpointSlice).items.map(slice => slice.metadata.resourceVersion)
    await setStatus(w, 'web-a', 'True')
    await w.store.modify(Service, { namespace, name: 'web' }, draft => {
      draft.metadata.labels = { touched: 'yes' }
    })
    await w.env.settle()
    expect(w.store.list(EndpointSlice).items.map(slice => slice.metadata.resourceVersion)).toEqual(slices)
  })
})

describe('address controller', () => {
  test('the address and its claim appear in one revision, and the name resolves', async () => {
    const w = await world()
    const given: number[] = []
    w.store.watch(Service).on(({ revision, events }) => {
      if (events.some(({ object, before }) => object.spec.clusterIPs !== before?.spec.clusterIPs))
        given.push(revision)
    })
    w.store.watch(AddressClaim).on(({ revision }) => given.push(revision))
    await addService(w, 'web')
    expect(vipOf(w, 'web')).toBe('10.96.0.1')
    expect(claims(w)).toEqual(['10.96.0.1'])
    expect(given).toEqual([given[0], given[0]])
    const { answers } = w.registry.resolve({ name: 'web.prod.svc.cluster.local.', type: 'A' })
    expect(answers).toMatchObject([{ type: 'A', address: '10.96.0.1' }])
  })

  test('an address comes back when its service goes or becomes headless, and rests first', async () => {
    const w = await world()
    await addService(w, 'web')
    await w.store.modify(Service, { namespace, name: 'web' }, draft => {
      draft.spec.mode = 'headless'
    })
    await w.env.settle()
    expect([claims(w), vipOf(w, 'web')]).toEqual([[], undefined])
    await addService(w, 'api')
    expect(vipOf(w, 'api')).toBe('10.96.0.2')
    await w.store.delete(Service, { namespace, name: 'api' })
    await w.env.settle()
    expect(claims(w)).toEqual([])
    await w.env.advance(1000)
    await addService(w, 'db')
    expect(vipOf(w, 'db')).toBe('10.96.0.1')
  })

  test('an address stays claimed by a service that is a vip again before its release is written', async () => {
    const setMode = (store: Store, mode: 'headless' | 'vip'): void =>
      void store.modify(Service, { namespace, name: 'web' }, draft => void (draft.spec.mode = mode))
    const held: boolean[] = []
    const w = await world('10.96.0.0/29', store => {
      if (store.get(Service, { namespace, name: 'web' })?.spec.mode === 'headless') setMode(store, 'vip')
    })
    await addService(w, 'web')
    w.store.watch(AddressClaim).on(() => held.push(claims(w).length > 0))
    setMode(w.store, 'headless')
    await w.env.settle()
    expect([vipOf(w, 'web'), claims(w)]).toEqual(['10.96.0.1', ['10.96.0.1']])
    expect(held).not.toContain(false)
  })

  test('a service that is headless before its address is written gets none', async () => {
    let isSwitched = false
    const w = await world('10.96.0.0/29', store => {
      if (isSwitched) return
      isSwitched = true
      void store.modify(Service, { namespace, name: 'web' }, draft => void (draft.spec.mode = 'headless'))
    })
    const given: (readonly string[])[] = []
    w.store.watch(AddressClaim).on(() => given.push(claims(w)))
    await addService(w, 'web')
    expect([vipOf(w, 'web'), given]).toEqual([undefined, []])
  })

  test('an address that the service names is claimed; one that another holds is refused with a reason', async () => {
    const w = await world()
    await addService(w, 'web', { ...web, clusterIPs: ['10.96.0.5'] })
    await addService(w, 'api', { ...web, clusterIPs: ['10.96.0.5'] })
    expect(claims(w)).toEqual(['10.96.0.5'])
    expect(w.store.get(Service, { namespace, name: 'web' })?.status?.conditions).toMatchObject([
      { status: 'True' },
    ])
    expect(w.store.get(Service, { namespace, name: 'api' })?.status?.conditions).toMatchObject([
      { status: 'False', reason: 'AddressTaken' },
    ])
  })

  test('a released address is kept from others over a restart, and its claim goes when that time is over', async () => {
    const w = await world()
    await addService(w, 'a')
    await w.store.delete(Service, { namespace, name: 'a' })
    await w.env.settle()
    void w.manager.stop()
    await w.env.settle()
    const manager = createManager({ client: w.store.client(w.env.fork('again')) })
    manager.add(
      createAddressController({ pools: [{ name: 'services', cidrs: ['10.96.0.0/29'], quarantineMs: 1000 }] }),
    )
    void manager.start()
    await w.env.settle()
    await addService(w, 'b')
    expect(vipOf(w, 'b')).toBe('10.96.0.2')
    await w.env.advance(1000)
    expect(w.store.list(AddressClaim).items.map(({ metadata }) => metadata.name)).toEqual(['10.96.0.2'])
    await addService(w, 'c')
    expect(vipOf(w, 'c')).toBe('10.96.0.1')
  })

  test('a claim whose name is no address holds none: it is said on its service until it is gone', async () => {
    const w = await world()
    await addService(w, 'web')
    const uid = w.store.get(Service, { namespace, name: 'web' })?.metadata.uid ?? ''
    const wrong = ['front-door', 'FD00::1']
    for (const name of wrong) {
      const owner = { kind: 'Service', namespace, name: 'web', uid }
      await w.store.create(AddressClaim, { metadata: { name }, spec: { pool: 'services', owner } })
      await w.env.settle()
    }
    const verdict = (): unknown =>
      w.store
        .get(Service, { namespace, name: 'web' })
        ?.status?.conditions?.find(({ type }) => type === 'AddressClaimsValid')
    expect(verdict()).toMatchObject({
      status: 'False',
      reason: 'NoAddress',
      message: expect.stringMatching(/FD00::1.*front-door|front-door.*FD00::1/s),
    })
    // A pool that is filled with these claims there, as it is after a start and when it is full.
    for (let n = 0; n < 6; n++) await addService(w, `more-${n}`)
    expect(vipOf(w, 'web')).toBe('10.96.0.1')
    expect(w.store.get(Service, { namespace, name: 'more-5' })?.status?.conditions).toMatchObject([
      { reason: 'PoolExhausted' },
    ])
    await w.env.advance(1000)
    expect(w.store.list(AddressClaim).items.filter(({ metadata }) => wrong.includes(metadata.name))).toEqual(
      [],
    )
    await w.env.settle()
    expect(verdict()).toBeUndefined()
  })

  test('what a claim in another spelling lets go is not the address that another service holds', async () => {
    const w = await world('fd00::/125')
    const names = ['a', 'b']
    for (const name of names) await addService(w, name)
    for (; vipOf(w, names.at(-1) ?? '') !== undefined; names.push(`more-${names.length}`))
      await addService(w, `more-${names.length}`)
    const held = vipOf(w, 'a') ?? ''
    const uid = w.store.get(Service, { namespace, name: 'b' })?.metadata.uid ?? ''
    const owner = { kind: 'Service', namespace, name: 'b', uid }
    const metadata = { name: held.toUpperCase() }
    await w.store.create(AddressClaim, { metadata, spec: { pool: 'services', owner } })
    for (const name of names.splice(-2)) await w.store.delete(Service, { namespace, name })
    await w.env.advance(1000)
    await addService(w, 'late')
    const reasons = w.store
      .history(Service, { namespace, name: 'late' })
      .flatMap(({ object }) => (object?.status?.conditions ?? []).map(({ reason }) => reason))
    expect(reasons).toEqual(['Allocated'])
  })

  test('claims that hold nothing and that no service can be told of are said once, at the start', async () => {
    const { env, store } = createWorld({ kinds: [Service, AddressClaim] })
    const port = { name: '', protocol: 'TCP', number: 30_000 } as const
    for (const [name, pool, kind] of [
      ['front-door', 'services', 'Gateway'],
      ['10.96.0.1', 'services', 'Gateway'],
      ['back-door', 'services', 'Service'],
      ['side-door', 'elsewhere', 'Gateway'],
      ['node-port-of-mine', 'node-ports', 'Gateway'],
    ] as const) {
      const spec = {
        pool,
        owner: { kind, name: 'edge', uid: 'u1' },
        ...(pool === 'node-ports' ? { port } : {}),
      }
      await store.create(AddressClaim, { metadata: { name }, spec })
    }
    const told: unknown[] = []
    const logger = { ...silentLogger, warn: (fields: unknown) => void told.push(fields) }
    const own = createEnvTree('controllers', () => ({ ...env, logger }))
    const manager = createManager({ client: store.client(own) })
    manager.add(createAddressController({ pools: [{ name: 'services', cidrs: ['10.96.0.0/29'] }] }))
    void manager.start()
    for (const name of ['a', 'b']) await store.create(Service, { metadata: { namespace, name }, spec: web })
    await env.settle()
    expect(told).toEqual([{ claims: ['front-door', 'node-port-of-mine'], count: 2 }])
  })

  test('an address of no pool is said on the service; a service that wants none any more has no word of it', async () => {
    const w = await world()
    await addService(w, 'web', { ...web, clusterIPs: ['192.0.2.1'] })
    const conditions = (): unknown =>
      w.store
        .get(Service, { namespace, name: 'web' })
        ?.status?.conditions?.filter(({ type }) => type === 'AddressAllocated')
    expect(conditions()).toMatchObject([
      { status: 'False', reason: 'AddressOutOfRange', message: expect.stringContaining('10.96.0.0/29') },
    ])
    await w.store.modify(Service, { namespace, name: 'web' }, draft => void (draft.spec.mode = 'headless'))
    await w.env.settle()
    expect([conditions(), vipOf(w, 'web')]).toEqual([[], undefined])
  })

  test('a service gets an address of each of its families, or none; pools may be named', async () => {
    const { env, store } = createWorld({ kinds: [Service, AddressClaim] })
    const manager = createManager({ client: store.client(env) })
    manager.add(
      createAddressController({
        pools: [
          { name: 'both', cidrs: ['10.0.0.0/30', 'fd00::/120'] },
          { name: 'more', cidrs: ['10.1.0.0/30'] },
        ],
      }),
    )
    void manager.start()
    await env.settle()
    const add = async (name: string, more: Partial<ServiceSpec>): Promise<unknown> => {
      await store.create(Service, { metadata: { namespace, name }, spec: { ...web, ...more } })
      await env.settle()
      const service = store.get(Service, { namespace, name })
      return [service?.spec.clusterIPs, service?.status?.conditions?.[0]?.reason]
    }
    const families = ['IPv4', 'IPv6'] as const
    expect(await add('a', { families })).toEqual([['10.0.0.1', 'fd00::1'], 'Allocated'])
    expect(await add('b', {})).toEqual([['10.0.0.2'], 'Allocated'])
    const free = (): number => store.list(AddressClaim).items.length
    const before = free()
    expect(await add('c', { families, addressPool: 'both' })).toEqual([undefined, 'PoolExhausted'])
    expect(free()).toBe(before)
    expect(await add('d', { addressPool: 'more' })).toEqual([['10.1.0.1'], 'Allocated'])
    expect(await add('e', { addressPool: 'none' })).toEqual([undefined, 'NoPool'])
    expect(await add('f', { addressPool: 'more', families: ['IPv6'] })).toEqual([undefined, 'NoPool'])
  })

  test('an exhausted pool is said on the service, which gets its address once one is free', async () => {
    const w = await world('10.96.0.0/31')
    for (const name of ['a', 'b', 'c']) await addService(w, name)
    expect(w.store.get(Service, { namespace, name: 'c' })?.status?.conditions).toMatchObject([
      { status: 'False', reason: 'PoolExhausted' },
    ])
    await w.store.delete(Service, { namespace, name: 'a' })
    await w.env.advance(10_000)
    expect(vipOf(w, 'c')).toBe('10.96.0.0')
    expect(w.store.get(Service, { namespace, name: 'c' })?.status?.conditions).toMatchObject([
      { status: 'True' },
    ])
  })
})

describe('registry feed', () => {
  test('is synced after the initial objects only, also when there are none', async () => {
    const w = await world()
    expect(w.registry.snapshot().synced).toBe(true)
    expect(w.registry.resolve({ name: 'no.prod.svc.cluster.local.', type: 'A' }).rcode).toBe('NXDOMAIN')
  })

  test('the registry reaches the store revision of each change, and shows what the store held then', async () => {
    const w = await world()
    await addService(w, 'web', { ...web, clusterIPs: ['10.96.0.4'] })
    const created = await w.store.create(EndpointSlice, {
      metadata: { namespace, name: 'by-hand' },
      spec: { serviceName: 'web', addressType: 'IPv4', endpoints: [] },
    })
    await w.env.settle()
    expect(w.registry.revision).toBe(Number(created.metadata.resourceVersion))
  })

  test('an object that the registry refuses is left out; the rest goes on', async () => {
    const w = await world(undefined, undefined, unjudgedSlices())
    await w.store.create(EndpointSlice, {
      metadata: { namespace, name: 's' },
      spec: {
        serviceName: 'web',
        addressType: 'IPv4',
        endpoints: [
          {
            id: 'x',
            addresses: ['nowhere'],
            ports: {},
            conditions: { ready: true, serving: true, terminating: false },
          },
        ],
      },
    })
    await addService(w, 'web')
    expect(w.registry.endpoints('prod/web')).toEqual([])
    expect(w.registry.resolve({ name: 'web.prod.svc.cluster.local.', type: 'A' }).rcode).toBe('NOERROR')
  })

  test('of a slice that the registry holds, a feed looks at what is different only', () => {
    const registry = createRegistry()
    const looks = new Map<string, number>()
    const endpoint = (id: string): Endpoint => ({
      id,
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      get ports() {
        looks.set(id, (looks.get(id) ?? 0) + 1)
        return {}
      },
    })
    const feed = (endpoints: readonly Endpoint[]): void => {
      const change = { op: 'set-endpoints', service: 'prod/web', slice: 's', endpoints } as const
      registry.apply(registry.revision + 1, acceptable(change, registry, silentLogger))
    }
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(endpoint) as [Endpoint, Endpoint, Endpoint, Endpoint]
    feed([a, b, c])
    const atFirst = looks.get('c')
    feed([a, c, d])
    expect([looks.get('a'), looks.get('c'), looks.get('d')]).toEqual([atFirst, atFirst, atFirst])
    expect(atFirst).toBeGreaterThan(0)
  })

  test('a slice of a name that no service can have is left out, and its end is no trouble', async () => {
    const w = await world(undefined, undefined, unjudgedSlices())
    const ref = { namespace, name: 's' }
    await w.store.create(EndpointSlice, {
      metadata: ref,
      spec: { serviceName: 'My.Web', addressType: 'IPv4', endpoints: [] },
    })
    await w.env.settle()
    await w.store.delete(EndpointSlice, ref)
    await addService(w, 'web')
    expect(w.registry.snapshot().services.size).toBe(1)
    expect(w.registry.endpoints('prod/web')).toEqual([])
    expect(w.registry.revision).toBe(w.store.revision)
  })

  test('a slice that moves to another service leaves the first', async () => {
    const w = await world()
    for (const name of ['a', 'b']) await addService(w, name, { mode: 'headless' })
    const endpoint = {
      id: 'x',
      addresses: ['10.0.0.1'],
      ports: {},
      conditions: { ready: true, serving: true, terminating: false },
    }
    const ref = { namespace, name: 's' }
    await w.store.create(EndpointSlice, {
      metadata: ref,
      spec: { serviceName: 'a', addressType: 'IPv4', endpoints: [endpoint] },
    })
    await w.env.settle()
    expect(w.registry.endpoints('prod/a')).toHaveLength(1)
    await w.store.modify(EndpointSlice, ref, draft => {
      draft.spec.serviceName = 'b'
    })
    await w.env.settle()
    expect([w.registry.endpoints('prod/a').length, w.registry.endpoints('prod/b').length]).toEqual([0, 1])
  })
})
