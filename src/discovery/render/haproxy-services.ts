import type { Endpoint } from '../../core/index.js'
import { assertKnown, compareText, ipFamily, knownOptions } from '../../core/internal.js'
import { trafficCandidates } from '../balance/traffic-weights.js'
import type { RegistrySnapshot, ServiceView } from '../registry/registry-snapshot.js'
import { eligibleEndpoints } from '../services/endpoint-conditions.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import { endpointPort } from '../services/registered-service.js'
import type {
  HaproxyBackend,
  HaproxyConfig,
  HaproxyFrontend,
  HaproxyServer,
  HaproxySettings,
} from './haproxy-config.js'
import { haproxySettings } from './haproxy-config.js'

/** How services become a configuration. */
export interface HaproxyServicesOptions extends HaproxySettings {
  /** Where to listen for a virtual address and port. Default: exactly there. */
  readonly bind?: (address: string, port: number) => { readonly host: string; readonly port: number }
  /** Which services are rendered. Default all that have a virtual address. */
  readonly include?: (service: RegisteredService) => boolean
  /** Whether a port speaks HTTP. Default: none does, bytes are passed on. */
  readonly mode?: (service: RegisteredService, port: RegisteredPort) => 'http' | 'tcp'
  /** Of HAProxy. Default `roundrobin`. */
  readonly balance?: string
}

const WEIGHT_MAX = 256

const HAPROXY_SERVICES_OPTIONS = /* @__PURE__ */ knownOptions<HaproxyServicesOptions>('haproxyServices', {
  socket: true,
  maxConnections: true,
  hardStopAfterMs: true,
  connectTimeoutMs: true,
  idleTimeoutMs: true,
  tunnelTimeoutMs: true,
  bind: true,
  include: true,
  mode: true,
  balance: true,
})

/**
 * The configuration for the virtual addresses of a snapshot: a frontend and a backend for each TCP port of each service,
 * named `namespace:service:port`. Eligible endpoints have their share as weight, others that are still there 0, so they
 * keep the connections they have. Equal snapshots give equal configurations.
 */
export function haproxyServices(
  snapshot: RegistrySnapshot,
  options: HaproxyServicesOptions = {},
): HaproxyConfig {
  assertKnown(options, HAPROXY_SERVICES_OPTIONS)
  const { bind = (host, port) => ({ host, port }), include = () => true, mode = () => 'tcp' } = options
  const frontends: HaproxyFrontend[] = []
  const backends: HaproxyBackend[] = []
  for (const [, view] of [...snapshot.services.entries()].sort(([a], [b]) => compareText(a, b))) {
    const { service } = view
    if (service?.mode !== 'vip' || !include(service)) continue
    for (const port of service.ports) {
      if (port.protocol !== 'TCP' || service.vips.length === 0) continue
      const name = `${service.namespace}:${service.name}:${port.name === '' ? port.port : port.name}`
      const layer = mode(service, port)
      const binds = service.vips.map(vip => bind(vip, port.port)).map(bindLine)
      frontends.push({ name, mode: layer, binds, lines: [], defaultBackend: name })
      const servers = serversOf(view, port)
      backends.push({ name, mode: layer, balance: options.balance ?? 'roundrobin', servers, lines: [] })
    }
  }
  return { ...haproxySettings(options), frontends, backends }
}

function bindLine({ host, port }: { readonly host: string; readonly port: number }): string {
  return ipFamily(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

function serversOf(view: ServiceView, port: RegisteredPort): readonly HaproxyServer[] {
  const serving = view.endpoints.filter(
    endpoint => endpoint.addresses.length > 0 && endpointPort(endpoint, port) !== undefined,
  )
  const weights = weightsOf(eligibleEndpoints(serving), view)
  return serving.map(endpoint => ({
    id: endpoint.id,
    address: endpoint.addresses[0] ?? '',
    port: endpointPort(endpoint, port) ?? port.port,
    weight: weights.get(endpoint.id) ?? 0,
  }))
}

/** Shares on HAProxy's scale: the largest is 256, none that is above 0 becomes 0. */
function weightsOf(eligible: readonly Endpoint[], view: ServiceView): ReadonlyMap<string, number> {
  const candidates = trafficCandidates(eligible, view.service?.backends)
  const most = Math.max(...candidates.map(({ weight }) => weight), 0)
  const scaled = (weight: number): number =>
    weight === 0 ? 0 : Math.max(1, Math.round((WEIGHT_MAX * weight) / most))
  return new Map(candidates.map(({ id, weight }) => [id, most === 0 ? WEIGHT_MAX : scaled(weight)]))
}
