import type { EndpointSlice, Service, ServicePort } from '../../api/index.js'
import type { Logger } from '../../core/index.js'
import type { Registry } from '../registry/registry.js'
import type { RegistryChange } from '../registry/registry-change.js'
import { refusalOf } from '../registry/registry-change.js'
import { heldIn } from '../registry/registry-snapshot.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'

/**
 * The change, or what undoes it when the registry would refuse it: such an object is logged and treated as absent. Of a
 * slice that the registry holds, only what is different is looked at.
 */
export function acceptable(
  change: RegistryChange,
  registry: Registry,
  logger: Logger,
): readonly RegistryChange[] {
  const refusal = refusalOf(change, heldIn(registry.snapshot()))
  if (refusal === undefined) return [change]
  const removal = removalOf(change)
  // What takes out an object that was never let in is no news.
  if (removal.length > 0) logger.warn({ error: refusal }, 'an object is left out of the registry')
  return removal.filter(each => refusalOf(each) === undefined)
}

/** What puts an object into a registry. */
export function changeOf(object: Service | EndpointSlice): RegistryChange {
  return object.kind === 'Service' ? serviceChange(object as Service) : sliceChange(object as EndpointSlice)
}

/** What undoes a change that puts something in. */
export function removalOf(change: RegistryChange): readonly RegistryChange[] {
  if (change.op === 'set-service') {
    return [{ op: 'delete-service', service: `${change.service.namespace}/${change.service.name}` }]
  }
  return change.op === 'set-endpoints'
    ? [{ op: 'delete-endpoints', service: change.service, slice: change.slice }]
    : []
}

/** Fields that mean the same in both, copied where they are given. */
const SHARED_FIELDS = [
  'backends',
  'ttlSeconds',
  'aliases',
  'networks',
  'balance',
  'slowStartSeconds',
  'sessionAffinity',
  'sessionAffinityTimeoutSeconds',
  'internalTrafficPolicy',
  'trafficDistribution',
] as const satisfies readonly (keyof RegisteredService & keyof Service['spec'])[]

function serviceChange({ metadata, spec }: Service): RegistryChange {
  const { mode = 'vip', clusterIPs = [], externalName } = spec
  const shared: Pick<RegisteredService, (typeof SHARED_FIELDS)[number]> = Object.fromEntries(
    SHARED_FIELDS.flatMap(field => (spec[field] === undefined ? [] : [[field, spec[field]]])),
  )
  const service: RegisteredService = {
    ...shared,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    mode,
    vips: mode === 'vip' ? clusterIPs : [],
    ports: (spec.ports ?? []).map(registeredPort),
    ...(mode !== 'external' || externalName === undefined ? {} : { externalName }),
  }
  return { op: 'set-service', service }
}

/** A node port that is to be allocated is none yet. */
function registeredPort({ name = '', port, protocol = 'TCP', nodePort = 0 }: ServicePort): RegisteredPort {
  return { name, port, protocol, ...(nodePort === 0 ? {} : { nodePort }) }
}

function sliceChange({ metadata, spec }: EndpointSlice): RegistryChange {
  const service = `${metadata.namespace}/${spec.serviceName}`
  return { op: 'set-endpoints', service, slice: metadata.name, endpoints: spec.endpoints }
}
