import type { BalancePolicy } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import type { EnvoyCollision, EnvoyListening } from './envoy-listeners.js'
import { envoyFrontends, LISTENER_TYPE, ROUTES_TYPE, socketAddress } from './envoy-listeners.js'
import type { ServiceServer } from './service-servers.js'
import { knownServices, portLabel, serviceServers } from './service-servers.js'

/** How services become clusters and listeners. */
export interface EnvoyResourcesOptions {
  /** Default all that have endpoints of their own, so not those of mode `external`. */
  readonly include?: (service: RegisteredService) => boolean
  /** The file that clusters read their endpoints from. Default: the stream that they came over (`ads`). */
  readonly endpointsPath?: string
  /** The file that listeners read their routes from. Default: the stream that they came over. */
  readonly routesPath?: string
  /** Where to listen for a virtual address and port; an address and 1 to 65,535. Default: exactly there. */
  readonly bind?: EnvoyListening['bind']
  /** Whether a TCP port speaks HTTP. Default: none does, bytes are passed on. */
  readonly mode?: EnvoyListening['mode']
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

/** What Envoy asks for: each is the answer to one of its discovery services. */
export interface EnvoyResources {
  /** CDS. */
  readonly clusters: EnvoyDiscovery
  /** EDS, of the clusters. */
  readonly endpoints: EnvoyDiscovery
  /** LDS, of the virtual addresses. */
  readonly listeners: EnvoyDiscovery
  /** RDS, of the listeners that speak HTTP. */
  readonly routes: EnvoyDiscovery
  /** Where two are to listen at one address, sorted; empty when all is well. */
  readonly collisions: readonly EnvoyCollision[]
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
  routesPath: true,
  bind: true,
  mode: true,
  connectTimeoutMs: true,
})

/**
 * A snapshot for Envoy (v3): a cluster for each port, named `namespace/service/port`, and for the virtual addresses of a
 * TCP or UDP port a listener of that name. Eligible endpoints are healthy with their share as weight, those that leave are
 * `DRAINING`, others `UNHEALTHY`; they are grouped by zone. A service that keeps each client at one endpoint
 * (`sessionAffinity`) has a policy that hashes, and what is hashed is the client's address. Equal snapshots give equal
 * resources. Source: Envoy, config.cluster.v3, config.endpoint.v3, config.listener.v3, config.route.v3.
 *
 * Of two ports that are to listen at one address the first by name does; `collisions` names both.
 *
 * @throws InvalidError for a time out of bounds, and when `bind` or `mode` gives what Envoy cannot have
 * @throws UsageError for an unknown option
 */
export function envoyResources(
  snapshot: RegistrySnapshot,
  options: EnvoyResourcesOptions = {},
): EnvoyResources {
  assertKnown(options, ENVOY_RESOURCES_OPTIONS)
  const { include = () => true, endpointsPath, routesPath, connectTimeoutMs = 2000 } = options
  const { bind = (host, port) => ({ host, port }), mode = () => 'tcp' } = options
  assertValid('Envoy resources', wholeNumber('connectTimeoutMs', connectTimeoutMs, { min: 1 }))
  const ports = knownServices(snapshot).flatMap(({ view, service }) => {
    if (service.mode === 'external' || !include(service)) return []
    return service.ports.map(port => {
      const name = `${service.namespace}/${service.name}/${portLabel(port)}`
      const servers = serviceServers(view, port, WEIGHT_MAX)
      return { name, service, port, policy: policyOf(service), servers }
    })
  })
  const clusters = ports.map(({ name, policy }) => ({
    '@type': CLUSTER_TYPE,
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: configSource(endpointsPath) },
    connect_timeout: `${connectTimeoutMs / 1000}s`,
    lb_policy: policy,
  }))
  const assignments = ports.map(({ name, port, servers }) => ({
    '@type': ASSIGNMENT_TYPE,
    cluster_name: name,
    endpoints: localities(servers, port),
  }))
  const frontends = envoyFrontends(ports, { bind, mode, routesSource: configSource(routesPath) })
  const answer = (type_url: string, resources: EnvoyDiscovery['resources']): EnvoyDiscovery => ({
    version_info: String(snapshot.revision),
    type_url,
    resources,
  })
  return {
    clusters: answer(CLUSTER_TYPE, clusters),
    endpoints: answer(ASSIGNMENT_TYPE, assignments),
    listeners: answer(LISTENER_TYPE, frontends.listeners),
    routes: answer(ROUTES_TYPE, frontends.routes),
    collisions: frontends.collisions,
  }
}

/** A file, or the stream over which came what names it. */
function configSource(path: string | undefined): object {
  const source = path === undefined ? { ads: {} } : { path_config_source: { path } }
  return { resource_api_version: 'V3', ...source }
}

/** One that hashes the client, where each is to stay at one endpoint. */
function policyOf({ balance = 'round-robin', sessionAffinity }: RegisteredService): string {
  return sessionAffinity === 'ClientIP' && balance !== 'ring-hash' ? 'MAGLEV' : POLICIES[balance]
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
    endpoint: { address: socketAddress(address, port, protocol) },
    health_status: weight > 0 ? 'HEALTHY' : leaving,
    load_balancing_weight: Math.max(1, weight),
  }
}
