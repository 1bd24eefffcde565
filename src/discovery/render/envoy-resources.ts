import type { BalancePolicy } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import type { ServiceServer } from './service-servers.js'
import { knownServices, portLabel, serviceServers } from './service-servers.js'

/** How services become clusters. */
export interface EnvoyResourcesOptions {
  /** Default all that have endpoints of their own, so not those of mode `external`. */
  readonly include?: (service: RegisteredService) => boolean
  /** The file that clusters read their endpoints from. Default: the stream that they came over (`ads`). */
  readonly endpointsPath?: string
  /** Default 2000. */
  readonly connectTimeoutMs?: number
}

/** Envoy's `DiscoveryResponse` as JSON: what an xDS server sends, and what a file of `path_config_source` holds. */
export interface EnvoyDiscovery {
  /** The revision of the snapshot. */
  readonly version_info: string
  readonly type_url: string
  /** By name, each with its type as `@type`. */
  readonly resources: readonly Readonly<Record<string, unknown>>[]
}

/** Clusters (CDS) and their endpoints (EDS). */
export interface EnvoyResources {
  readonly clusters: EnvoyDiscovery
  readonly endpoints: EnvoyDiscovery
}

const CLUSTER_TYPE = 'type.googleapis.com/envoy.config.cluster.v3.Cluster'
const ASSIGNMENT_TYPE = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment'
const WEIGHT_MAX = 100

/** Envoy's own, and the nearest that it has. */
const POLICIES: Readonly<Record<BalancePolicy, string>> = {
  'round-robin': 'ROUND_ROBIN',
  'least-connections': 'LEAST_REQUEST',
  'power-of-two': 'LEAST_REQUEST',
  'peak-ewma': 'LEAST_REQUEST',
  random: 'RANDOM',
  'ring-hash': 'RING_HASH',
  rendezvous: 'MAGLEV',
  maglev: 'MAGLEV',
}

const ENVOY_RESOURCES_OPTIONS = /* @__PURE__ */ knownOptions<EnvoyResourcesOptions>('envoyResources', {
  include: true,
  endpointsPath: true,
  connectTimeoutMs: true,
})

/**
 * The clusters of a snapshot for Envoy (v3), one for each port, named `namespace/service/port`. Eligible endpoints are
 * healthy with their share as weight, those that leave are `DRAINING`, others `UNHEALTHY`; they are grouped by zone. Equal
 * snapshots give equal resources. Source: Envoy, config.cluster.v3 and config.endpoint.v3.
 *
 * @throws InvalidError for a time out of bounds
 */
export function envoyResources(
  snapshot: RegistrySnapshot,
  options: EnvoyResourcesOptions = {},
): EnvoyResources {
  assertKnown(options, ENVOY_RESOURCES_OPTIONS)
  const { include = () => true, endpointsPath, connectTimeoutMs = 2000 } = options
  assertValid('Envoy resources', wholeNumber('connectTimeoutMs', connectTimeoutMs, { min: 1 }))
  const source = endpointsPath === undefined ? { ads: {} } : { path_config_source: { path: endpointsPath } }
  const ports = knownServices(snapshot).flatMap(({ view, service }) => {
    if (service.mode === 'external' || !include(service)) return []
    return service.ports.map(port => {
      const name = `${service.namespace}/${service.name}/${portLabel(port)}`
      return { name, service, port, servers: serviceServers(view, port, WEIGHT_MAX) }
    })
  })
  const clusters = ports.map(({ name, service }) => ({
    '@type': CLUSTER_TYPE,
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: { resource_api_version: 'V3', ...source } },
    connect_timeout: `${connectTimeoutMs / 1000}s`,
    lb_policy: POLICIES[service.balance ?? 'round-robin'],
  }))
  const assignments = ports.map(({ name, port, servers }) => ({
    '@type': ASSIGNMENT_TYPE,
    cluster_name: name,
    endpoints: localities(servers, port),
  }))
  const version_info = String(snapshot.revision)
  return {
    clusters: { version_info, type_url: CLUSTER_TYPE, resources: clusters },
    endpoints: { version_info, type_url: ASSIGNMENT_TYPE, resources: assignments },
  }
}

function localities(servers: readonly ServiceServer[], port: RegisteredPort): readonly unknown[] {
  const zones = [...new Set(servers.map(({ endpoint }) => endpoint.zone ?? ''))].sort()
  return zones.map(zone => ({
    ...(zone === '' ? {} : { locality: { zone } }),
    lb_endpoints: servers
      .filter(({ endpoint }) => (endpoint.zone ?? '') === zone)
      .map(server => lbEndpoint(server, port)),
  }))
}

function lbEndpoint(
  { endpoint, address, port, weight }: ServiceServer,
  { protocol }: RegisteredPort,
): unknown {
  const { serving, terminating } = endpoint.conditions
  const leaving = serving && terminating ? 'DRAINING' : 'UNHEALTHY'
  return {
    endpoint: {
      address: {
        socket_address: {
          ...(protocol === 'UDP' ? { protocol } : {}),
          address,
          port_value: port,
        },
      },
    },
    health_status: weight > 0 ? 'HEALTHY' : leaving,
    load_balancing_weight: Math.max(1, weight),
  }
}
