import type { Endpoint } from '../../api/index.js'
import { EndpointSlice, findCondition, Node, Service, Task } from '../../api/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import { assertKnown, ipFamily, knownOptions } from '../../core/internal.js'
import type { Controller } from '../../reconcile/index.js'
import { controllerReference, createController, isControlledBy } from '../../reconcile/index.js'
import type { Client, ObjectRef, Reader } from '../../store/index.js'
import type { SlicePlan } from '../services/endpoint-slices.js'
import { planSlices } from '../services/endpoint-slices.js'
import type { ServiceTasks } from './task-endpoint.js'
import { endpointsOfTasks } from './task-endpoint.js'

/** The label of a node that names its zone. */
const ZONE_LABEL = 'topology.kubernetes.io/zone'
/** The condition of services that want a port which no task has. */
const PORTS_CONDITION = 'PortsFound'

/** How endpoints are written. */
export interface EndpointsControllerOptions {
  /** Endpoints in one slice, 1 to 1000. Default 100. */
  readonly maxPerSlice?: number
  /** Keys reconciled at the same time. Default 4. */
  readonly concurrency?: number
}

const ENDPOINTS_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<EndpointsControllerOptions>(
  'createEndpointsController',
  { maxPerSlice: true, concurrency: true },
)

/**
 * Keeps the EndpointSlice objects of every Service with a selector: one endpoint for each matching task that has
 * an address, has not ended, and has a port of the service, with the zone of its node. All slices of a service change in
 * one transaction, so one revision of the store shows a whole set. Slices go with their service. The condition
 * `PortsFound` of a service is false while it wants a port that no task behind it has.
 */
export function createEndpointsController(options: EndpointsControllerOptions = {}): Controller {
  assertKnown(options, ENDPOINTS_CONTROLLER_OPTIONS)
  const { maxPerSlice = 100, concurrency = 4 } = options
  return createController({
    name: 'endpoints',
    for: Service,
    owns: [EndpointSlice],
    watches: [
      { kind: Task, map: servicesOf },
      { kind: Node, map: servicesOn, when: ({ before, after }) => zoneOf(before) !== zoneOf(after) },
    ],
    concurrency,
    reconcile: async (key, service, { client }) => {
      await reportPorts(client, service)
      if (isEmpty(planFor(client, key, maxPerSlice))) return
      await client.transact(tx => {
        const plan = planFor(tx, key, maxPerSlice)
        const service = tx.get(Service, key)
        const ref = (name: string): ObjectRef => ({ ...key, name })
        for (const name of plan.delete) tx.delete(EndpointSlice, ref(name))
        for (const { name, endpoints } of plan.update) {
          tx.modify(EndpointSlice, ref(name), draft => {
            draft.spec.endpoints = structuredClone([...endpoints]) as typeof draft.spec.endpoints
          })
        }
        if (service === undefined) return
        for (const { name, endpoints } of plan.create) {
          tx.create(EndpointSlice, {
            metadata: { ...ref(name), ownerReferences: [controllerReference(Service, service)] },
            spec: { serviceName: key.name, addressType: familyOf(endpoints), endpoints },
          })
        }
      })
    },
  })
}

/** Keys of the services in the task's namespace whose selector matches its labels. */
function servicesOf(task: Task, reader: Reader): readonly ObjectRef[] {
  const { namespace, labels } = task.metadata
  if (namespace === undefined) return []
  return Object.entries(labels).flatMap(([label, text]) =>
    reader
      .list(Service, { namespace, index: { name: 'selector', value: `${label}=${text}` } })
      .items.filter(({ spec }) =>
        Object.entries(spec.selector ?? {}).every(([key, value]) => labels[key] === value),
      )
      .map(({ metadata }) => ({ namespace, name: metadata.name })),
  )
}

/** Keys of the services with a task on the node. */
function servicesOn(node: Node, reader: Reader): readonly ObjectRef[] {
  const { items } = reader.list(Task, { index: { name: 'node', value: node.metadata.name } })
  return items.flatMap(task => servicesOf(task, reader))
}

function isEmpty(plan: SlicePlan<Endpoint>): boolean {
  return plan.create.length + plan.update.length + plan.delete.length === 0
}

/** What to write so that the slices of one service are right. */
function planFor(reader: Reader, key: ObjectRef, maxPerSlice: number): SlicePlan<Endpoint> {
  const service = reader.get(Service, key)
  const listed = reader.list(EndpointSlice, {
    index: { name: 'service', value: `${key.namespace}/${key.name}` },
  }).items
  // Slices without a managing owner were written by another writer, for a service without a selector.
  const ours = listed.filter(slice =>
    slice.metadata.ownerReferences.some(owner => owner.controller === true && owner.kind === Service.kind),
  )
  const active = service?.metadata.deletionTimestamp === undefined && service?.spec.selector !== undefined
  const stale = ours
    .filter(slice => service === undefined || !isControlledBy(slice, service))
    .map(slice => slice.metadata.name)
  const live = ours.filter(slice => !stale.includes(slice.metadata.name))
  if (service === undefined || !active || service.spec.mode === 'external') {
    return { create: [], update: [], delete: ours.map(slice => slice.metadata.name) }
  }
  const { endpoints } = tasksBehind(reader, service)
  // A slice of that name may belong to any service of the namespace.
  const used = new Set<string>()
  const isFree = (name: string): boolean =>
    !used.has(name) && reader.get(EndpointSlice, { ...key, name }) === undefined
  const plans = (['IPv4', 'IPv6'] as const).map(family => {
    const existing = live.filter(slice => slice.spec.addressType === family)
    const desired = endpoints.filter(endpoint => familyOf([endpoint]) === family)
    if (family === 'IPv6' && existing.length + desired.length === 0) return undefined
    return planSlices({
      desired,
      maxPerSlice,
      equal: sameJson,
      newName: () => freeName(key.name, isFree, used),
      existing: existing.map(slice => ({ name: slice.metadata.name, endpoints: slice.spec.endpoints })),
    })
  })
  return {
    create: plans.flatMap(plan => plan?.create ?? []),
    update: plans.flatMap(plan => plan?.update ?? []),
    delete: [...stale, ...plans.flatMap(plan => plan?.delete ?? [])],
  }
}

function freeName(service: string, isFree: (name: string) => boolean, used: Set<string>): string {
  for (let n = 1; ; n++) {
    const name = `${service}-${n}`
    if (!isFree(name)) continue
    used.add(name)
    return name
  }
}

function zoneOf(node: { readonly metadata: Node['metadata'] } | undefined): string | undefined {
  return node?.metadata.labels[ZONE_LABEL]
}

/** Says on the service which of its ports no task has; takes that back when it is over. */
async function reportPorts(client: Client, service: Service | undefined): Promise<void> {
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return
  const { missing } = tasksBehind(client, service)
  const before = service.status?.conditions
  if (missing.length === 0 && !isConditionFalse(before)) return
  const message = missing
    .map(({ name, port, targetPort = port, protocol = 'TCP' }) => {
      const label = name === undefined || name === '' ? `port ${port}` : `port ${port} (${name})`
      return `${label} wants the ${protocol} port ${targetPort}, which no task behind the service has`
    })
    .join('; ')
  const condition =
    missing.length === 0
      ? { status: 'True' as const, reason: 'PortsFound', message: 'each port is a port of a task' }
      : { status: 'False' as const, reason: 'TargetPortMissing', message }
  const now = formatTime(client.env.clock.now())
  const after = setCondition(before, { type: PORTS_CONDITION, ...condition }, now)
  if (after === before) return
  await client.modifyStatus(Service, service.metadata, draft => {
    draft.status = { ...draft.status, conditions: after.map(entry => ({ ...entry })) }
  })
}

function isConditionFalse(conditions: Parameters<typeof findCondition>[0]): boolean {
  return findCondition(conditions, PORTS_CONDITION)?.status === 'False'
}

/** What the tasks behind a service are to it; nothing without a selector. */
function tasksBehind(reader: Reader, service: Service): ServiceTasks {
  const { namespace = '' } = service.metadata
  const matchLabels = service.spec.selector ?? {}
  if (Object.keys(matchLabels).length === 0) return { endpoints: [], missing: [] }
  const tasks = reader.list(Task, { namespace, labelSelector: { matchLabels } }).items
  return endpointsOfTasks(service, tasks, name => reader.get(Node, { name })?.metadata.labels[ZONE_LABEL])
}

function familyOf(endpoints: readonly Endpoint[]): 'IPv4' | 'IPv6' {
  return ipFamily(endpoints[0]?.addresses[0] ?? '') === 6 ? 'IPv6' : 'IPv4'
}

/** Both sides are written by this file, but a store may give keys back in another order. */
function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [left, right] = [Object.entries(a), b as Readonly<Record<string, unknown>>]
  return left.length === Object.keys(b).length && left.every(([key, value]) => sameJson(value, right[key]))
}
