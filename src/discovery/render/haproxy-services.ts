import { assertKnown, knownOptions } from '../../core/internal.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import type {
  HaproxyBackend,
  HaproxyConfig,
  HaproxyFrontend,
  HaproxyServer,
  HaproxySettings,
} from './haproxy-config.js'
import { HAPROXY_LIMITS, haproxySettings } from './haproxy-config.js'
import { hostPort } from './host-port.js'
import { knownServices, portLabel, serviceServers } from './service-servers.js'

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

/** Names of the options that say what of a snapshot is rendered, and how. */
export const HAPROXY_CHOICES = { bind: true, include: true, mode: true, balance: true } as const

const HAPROXY_SERVICES_OPTIONS = /* @__PURE__ */ knownOptions<HaproxyServicesOptions>('haproxyServices', {
  socket: true,
  ...HAPROXY_LIMITS,
  ...HAPROXY_CHOICES,
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
  for (const { view, service } of knownServices(snapshot)) {
    if (service.mode !== 'vip' || !include(service)) continue
    for (const port of service.ports) {
      if (port.protocol !== 'TCP' || service.vips.length === 0) continue
      const name = `${service.namespace}:${service.name}:${portLabel(port)}`
      const layer = mode(service, port)
      const binds = service.vips.map(vip => bind(vip, port.port)).map(hostPort)
      frontends.push({ name, mode: layer, binds, lines: [], defaultBackend: name })
      const servers = serviceServers(view, port, WEIGHT_MAX).map(
        ({ endpoint, address, port: number, weight }): HaproxyServer => ({
          id: endpoint.id,
          address,
          port: number,
          weight,
        }),
      )
      backends.push({ name, mode: layer, balance: options.balance ?? 'roundrobin', servers, lines: [] })
    }
  }
  return { ...haproxySettings(options), frontends, backends }
}
