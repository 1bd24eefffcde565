import type { Endpoint, ServicePort } from '../../api/index.js'
import {
  EndpointSlice,
  isConditionTrue,
  isTaskFinished,
  Service,
  Task,
  TEMPLATE_HASH_LABEL,
} from '../../api/index.js'
import { ipFamily } from '../../core/internal.js'
import type { Controller } from '../../reconcile/index.js'
import { controllerReference, createController, isControlledBy } from '../../reconcile/index.js'
import type { ObjectRef, Reader } from '../../store/index.js'
import { endpointConditions } from '../services/endpoint-conditions.js'
import type { SlicePlan } from '../services/endpoint-slices.js'
import { planSlices } from '../services/endpoint-slices.js'

/** How endpoints are written. */
export interface EndpointsControllerOptions {
  /** Endpoints in one slice, 1 to 1000. Default 100. */
  readonly maxPerSlice?: number
  /** Keys reconciled at the same time. Default 4. */
  readonly concurrency?: number
}

/**
 * Keeps the EndpointSlice objects of every Service with a selector: one endpoint for each matching task that has
 * an address and has not ended. All slices of a service change in one transaction, so one revision of the store
 * shows a whole set. Slices go with their service.
 */
export function createEndpointsController(options: EndpointsControllerOptions = {}): Controller {
  const { maxPerSlice = 100, concurrency = 4 } = options
  return createController({
    name: 'endpoints',
    for: Service,
    owns: [EndpointSlice],
    watches: [{ kind: Task, map: servicesOf }],
    concurrency,
    reconcile: async (key, _service, { client }) => {
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
  return reader.list(Service, { namespace }).items.flatMap(service => {
    const selector = Object.entries(service.spec.selector ?? {})
    const matches = selector.length > 0 && selector.every(([key, value]) => labels[key] === value)
    return matches ? [{ namespace, name: service.metadata.name }] : []
  })
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
  const endpoints = endpointsOf(reader, service)
  const used = new Set(listed.map(slice => slice.metadata.name))
  const plans = (['IPv4', 'IPv6'] as const).map(family => {
    const existing = live.filter(slice => slice.spec.addressType === family)
    const desired = endpoints.filter(endpoint => familyOf([endpoint]) === family)
    if (family === 'IPv6' && existing.length + desired.length === 0) return undefined
    return planSlices({
      desired,
      maxPerSlice,
      equal: sameJson,
      newName: () => freeName(key.name, used),
      existing: existing.map(slice => ({ name: slice.metadata.name, endpoints: slice.spec.endpoints })),
    })
  })
  return {
    create: plans.flatMap(plan => plan?.create ?? []),
    update: plans.flatMap(plan => plan?.update ?? []),
    delete: [...stale, ...plans.flatMap(plan => plan?.delete ?? [])],
  }
}

function freeName(service: string, used: Set<string>): string {
  for (let n = 1; ; n++) {
    const name = `${service}-${n}`
    if (used.has(name)) continue
    used.add(name)
    return name
  }
}

function endpointsOf(reader: Reader, service: Service): readonly Endpoint[] {
  const { namespace = '' } = service.metadata
  const matchLabels = service.spec.selector ?? {}
  if (Object.keys(matchLabels).length === 0) return []
  return reader
    .list(Task, { namespace, labelSelector: { matchLabels } })
    .items.flatMap(task => endpointOf(task, service) ?? [])
}

/** The endpoint of a task; none while it has no address, has ended, or lacks a port that the service names. */
function endpointOf(task: Task, service: Service): Endpoint | undefined {
  const address = task.status?.address
  if (address === undefined || ipFamily(address) === 0 || isTaskFinished(task)) return undefined
  const ports: Record<string, number> = {}
  for (const port of service.spec.ports ?? []) {
    const number = portOf(task, port)
    if (number === undefined) return undefined
    ports[port.name ?? ''] = number
  }
  const template = task.metadata.labels[TEMPLATE_HASH_LABEL]
  const { nodeName } = task.spec
  return {
    id: task.metadata.name,
    addresses: [address],
    ports,
    conditions: endpointConditions({
      ready: isConditionTrue(task.status?.conditions, 'Ready'),
      deleting: task.metadata.deletionTimestamp !== undefined,
      publishNotReady: service.spec.publishNotReadyAddresses === true,
    }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(template === undefined ? {} : { template }),
  }
}

/** A number that the task does not map is taken as it is: the task then has an address of its own. */
function portOf(task: Task, { port, targetPort = port, protocol = 'TCP' }: ServicePort): number | undefined {
  const mapped = (task.status?.ports ?? []).find(
    candidate =>
      candidate.protocol === protocol &&
      (typeof targetPort === 'string' ? candidate.name : candidate.containerPort) === targetPort,
  )
  return mapped?.hostPort ?? (typeof targetPort === 'number' ? targetPort : undefined)
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
