import type { Endpoint } from '../../../src/api/index.js'
import {
  AddressClaim,
  EndpointSlice,
  findCondition,
  isConditionTrue,
  Node,
  Service,
  Task,
} from '../../../src/api/index.js'
import { deepEqual } from '../../../src/core/internal.js'
import type { Registry } from '../../../src/discovery/index.js'
import {
  createAddressController,
  createEndpointsController,
  createRegistry,
  createRegistryFeed,
} from '../../../src/discovery/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { Incident, Invariant } from '../../../src/testing/index.js'
import { always } from '../../../src/testing/index.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { onChange, whenAtRest } from './write-law.js'

const namespace = 'default'
const labels = { app: 'web' }
const ports = [{ name: 'http', port: 80, targetPort: 8080 }]

function service(name: string, spec: object = {}): ObjectInput {
  return {
    kind: 'Service',
    metadata: { namespace, name },
    spec: { mode: 'vip', selector: labels, ports, ...spec },
  }
}

function task(name: string): ObjectInput {
  return { kind: 'Task', metadata: { namespace, name, labels }, spec: { image: 'web' } }
}

const theAddress = (reader: Reader): string =>
  reader.get(Service, { namespace, name: 'web' })?.spec.clusterIPs?.join() ?? ''

/** Which address a service gets is the controller's choice. */
const withoutAddresses = (object: StoredObject): StoredObject | undefined => {
  if (object.kind === 'AddressClaim') return undefined
  if (object.kind !== 'Service') return object
  const { clusterIPs: _given, ...spec } = (object as Service).spec
  return { ...object, spec }
}

const lawsOfAddresses: readonly Invariant[] = [
  always('no two services share an address', ({ reader }) => {
    const given = reader.list(Service).items.flatMap(({ spec }) => spec.clusterIPs ?? [])
    return new Set(given).size === given.length
  }),
  onChange('an address has a claim of its service', Service, ({ now }, { reader }) =>
    (now?.spec.clusterIPs ?? []).every(
      address => reader.get(AddressClaim, { name: address })?.spec.owner.uid === now?.metadata.uid,
    ),
  ),
  onChange(
    'a service keeps its address while it wants one',
    Service,
    ({ before, now }) =>
      before?.spec.clusterIPs === undefined ||
      now === undefined ||
      (now.spec.mode ?? 'vip') !== 'vip' ||
      deepEqual(before.spec.clusterIPs, now.spec.clusterIPs),
  ),
]

const claimsAreThoseOfServices = (reader: Reader): boolean => {
  const given = reader.list(Service).items.flatMap(({ spec }) => spec.clusterIPs ?? [])
  const held = reader.list(AddressClaim).items.filter(({ spec }) => spec.releasedTime === undefined)
  const claimed = held.map(({ metadata }) => metadata.name)
  return deepEqual([...given].sort(), claimed)
}

function addressed(reader: Reader): readonly Service[] {
  return reader.list(Service).items.filter(({ spec }) => spec.clusterIPs !== undefined)
}

const changedMode: Incident = {
  name: 'the user makes Service web headless',
  when: reader => theAddress(reader) !== '',
  run: ({ store }) => setMode(store, 'headless'),
  undo: ({ store }) => setMode(store, 'vip'),
}

function setMode(store: Parameters<Incident['run']>[0]['store'], mode: 'headless' | 'vip'): Promise<unknown> {
  return store.modify(Service, { namespace, name: 'web' }, draft => void (draft.spec.mode = mode))
}

/** Whoever writes a slice saw the tasks in the same transaction. */
const slicesAreTrue = onChange(
  'only ready tasks are given out as ready',
  EndpointSlice,
  ({ before, now }, { reader }) => {
    if (now === undefined || deepEqual(before?.spec, now.spec)) return true
    const publishes = reader.get(Service, { namespace, name: now.spec.serviceName })?.spec
    return now.spec.endpoints.every(({ id, conditions }) => {
      const found = reader.get(Task, { namespace, name: id })
      const isReady = isConditionTrue(found?.status?.conditions, 'Ready')
      const isTrue = isReady && found?.metadata.deletionTimestamp === undefined
      return (
        found !== undefined && (!conditions.ready || isTrue || publishes?.publishNotReadyAddresses === true)
      )
    })
  },
)

const eachTaskOnce = (reader: Reader): boolean => {
  const inSlices = reader.list(EndpointSlice).items.flatMap(({ spec }) => spec.endpoints)
  const ready = inSlices.filter(({ conditions }) => conditions.ready).map(({ id }) => id)
  const tasks = reader.list(Task).items.map(({ metadata }) => metadata.name)
  return inSlices.length === tasks.length && deepEqual([...ready].sort(), tasks)
}

/** In which slice, and in which order, is the controller's choice: slices are written as little as possible. */
const withoutSlices = (object: StoredObject): StoredObject | undefined =>
  object.kind === 'EndpointSlice' ? undefined : object

let registry: Registry = createRegistry()

/** What the registry should hold, read off the store. */
const registryIsTheStore = (reader: Reader): boolean => {
  const snapshot = registry.snapshot()
  const services = reader.list(Service).items
  return (
    snapshot.synced &&
    registry.verify().length === 0 &&
    snapshot.services.size === services.length &&
    services.every(({ metadata: { name }, spec }) => {
      const view = snapshot.services.get(`${namespace}/${name}`)
      const slices = reader.list(EndpointSlice, { index: { name: 'service', value: `${namespace}/${name}` } })
      const ids = (list: readonly Pick<Endpoint, 'id'>[]): readonly string[] =>
        list.map(({ id }) => id).sort()
      return (
        deepEqual(view?.service?.vips, spec.clusterIPs ?? []) &&
        deepEqual(
          ids(view?.service === undefined ? [] : view.endpoints),
          ids(slices.items.flatMap(slice => slice.spec.endpoints)),
        )
      )
    })
  )
}

const cases: readonly OwnCase[] = [
  {
    name: 'addresses',
    make: () => createAddressController({ pools: [{ name: 'vips', cidrs: ['10.96.0.0/29'] }] }),
    options: {
      kinds: [Service, AddressClaim],
      objects: [service('web'), service('db'), service('idle', { mode: 'headless' })],
      // A service that wants no address any more keeps the condition of one that does.
      faults: { edit: { target: ({ label }) => !label.includes('spec.mode') } },
      incidents: [changedMode],
      compared: withoutAddresses,
      invariants: [
        ...lawsOfAddresses,
        whenAtRest('services that want an address have one', reader => addressed(reader).length === 2),
        whenAtRest('claims are those of services', claimsAreThoseOfServices),
      ],
    },
  },
  {
    name: 'addresses of a pool that is too small',
    make: () =>
      createAddressController({ pools: [{ name: 'vips', cidrs: ['10.96.0.1/32'], quarantineMs: 2_000 }] }),
    options: {
      kinds: [Service, AddressClaim],
      objects: [service('web'), service('db')],
      incidents: [changedMode],
      // Who came too late says so in its status.
      compared: object => (object.kind === 'Service' ? undefined : withoutAddresses(object)),
      invariants: [
        ...lawsOfAddresses,
        whenAtRest(
          'one has the address, the other says that it has none',
          reader =>
            addressed(reader).length === 1 &&
            reader
              .list(Service)
              .items.every(
                ({ spec, status }) =>
                  findCondition(status?.conditions, 'AddressAllocated')?.status ===
                  (spec.clusterIPs === undefined ? 'False' : 'True'),
              ),
        ),
        whenAtRest('claims are those of services', claimsAreThoseOfServices),
      ],
    },
  },
  {
    name: 'addresses that the user chose, one of them twice',
    make: () => createAddressController({ pools: [{ name: 'vips', cidrs: ['10.96.0.0/29'] }] }),
    options: {
      kinds: [Service, AddressClaim],
      objects: [
        service('web', { clusterIPs: ['10.96.0.3'] }),
        service('db', { clusterIPs: ['10.96.0.3'] }),
        service('other'),
      ],
      // An edit takes the only address out of the list, and gives it back.
      faults: { edit: 0 },
      compared: object => (object.kind === 'Service' ? undefined : withoutAddresses(object)),
      invariants: [
        whenAtRest(
          'every address has one claim',
          reader =>
            reader.list(AddressClaim).items.length === 2 &&
            reader
              .list(Service)
              .items.filter(({ status }) => isConditionTrue(status?.conditions, 'AddressAllocated'))
              .length === 2,
        ),
      ],
    },
  },
  {
    name: 'endpoints',
    make: () => [createEndpointsController({ maxPerSlice: 2 }), kubelet()],
    options: {
      kinds: [Service, EndpointSlice, Task, Node],
      objects: [service('web', { publishNotReadyAddresses: false }), ...['a', 'b', 'c'].map(task)],
      compared: withoutSlices,
      invariants: [slicesAreTrue, whenAtRest('every task is in one slice, once', eachTaskOnce)],
    },
    share: 0.7,
  },
  {
    name: 'registry of services, addresses and endpoints',
    make: () => {
      registry = createRegistry()
      return [
        createRegistryFeed(registry),
        createAddressController({ pools: [{ name: 'vips', cidrs: ['10.96.0.0/29'] }] }),
        createEndpointsController(),
        kubelet(),
      ]
    },
    options: {
      kinds: [Service, AddressClaim, EndpointSlice, Task, Node],
      objects: [service('web'), task('a'), task('b')],
      compared: object => withoutSlices(object) && withoutAddresses(object),
      invariants: [
        slicesAreTrue,
        ...lawsOfAddresses,
        whenAtRest('the registry holds what the store holds', registryIsTheStore),
        whenAtRest('every task is in one slice, once', eachTaskOnce),
      ],
    },
    share: 0.7,
  },
]

runUnderCheck(cases)
