import type { FieldProblem } from '../../core/index.js'
import { assertValid, ipFamily, wholeNumber } from '../../core/internal.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import { hostPort } from './host-port.js'

/** A port of a service, with the names of what Envoy has for it. */
export interface EnvoyPort {
  /** Of its cluster, its listener and its routes. */
  readonly name: string
  readonly service: RegisteredService
  readonly port: RegisteredPort
  /** How its cluster balances. */
  readonly policy: string
}

/** Where and how Envoy listens. */
export interface EnvoyListening {
  readonly bind: (address: string, port: number) => { readonly host: string; readonly port: number }
  readonly mode: (service: RegisteredService, port: RegisteredPort) => 'http' | 'tcp'
  /** Where the routes come from. */
  readonly routesSource: object
}

/** An address that several ports are to listen at, which Envoy would refuse; the first one has it. */
export interface EnvoyCollision {
  /** Such as `TCP 10.96.0.1:80`. */
  readonly address: string
  /** Names of the listeners, in order. */
  readonly listeners: readonly string[]
}

/** Listeners and the routes that they name. */
export interface EnvoyFrontends {
  readonly listeners: readonly Readonly<Record<string, unknown>>[]
  readonly routes: readonly Readonly<Record<string, unknown>>[]
  readonly collisions: readonly EnvoyCollision[]
}

const TYPES = 'type.googleapis.com/envoy'
export const LISTENER_TYPE: string = `${TYPES}.config.listener.v3.Listener`
export const ROUTES_TYPE: string = `${TYPES}.config.route.v3.RouteConfiguration`
const FILTERS = `${TYPES}.extensions.filters`

/**
 * A listener for each TCP or UDP port of the services with virtual addresses, and routes where it speaks HTTP.
 *
 * @throws InvalidError when `bind` or `mode` gives what Envoy cannot have
 */
export function envoyFrontends(ports: readonly EnvoyPort[], listening: EnvoyListening): EnvoyFrontends {
  const listeners: Readonly<Record<string, unknown>>[] = []
  const routes: Readonly<Record<string, unknown>>[] = []
  /** By address, the listeners that are to be there. */
  const wanted = new Map<string, string[]>()
  for (const each of ports) {
    const { name, service, port } = each
    if (service.mode !== 'vip' || port.protocol === 'SCTP') continue
    const mode = port.protocol === 'UDP' ? 'udp' : listening.mode(service, port)
    const places = service.vips.map(vip => listening.bind(vip, port.port))
    assertValid(`Envoy listener ${name}`, frontendProblems(mode, places))
    const free = places.filter(place => {
      const address = `${port.protocol} ${hostPort(place)}`
      const names = wanted.get(address)
      if (names === undefined) wanted.set(address, [name])
      else if (!names.includes(name)) names.push(name)
      return names === undefined
    })
    const [address, ...more] = free.map(({ host, port: number }) =>
      socketAddress(host, number, port.protocol),
    )
    if (address === undefined) continue
    listeners.push({
      '@type': LISTENER_TYPE,
      name,
      address,
      ...(more.length === 0 ? {} : { additional_addresses: more.map(each => ({ address: each })) }),
      ...filtersOf(mode, each, listening),
    })
    if (mode === 'http') routes.push(routesOf(each))
  }
  const collisions = [...wanted].flatMap(([address, names]) =>
    names.length === 1 ? [] : [{ address, listeners: names }],
  )
  return { listeners, routes, collisions }
}

/** Envoy's address; TCP is what it takes where nothing is said. */
export function socketAddress(address: string, port: number, protocol: RegisteredPort['protocol']): object {
  const udp = protocol === 'UDP' ? { protocol } : {}
  return { socket_address: { ...udp, address, port_value: port } }
}

function frontendProblems(
  mode: unknown,
  places: readonly { readonly host: string; readonly port: number }[],
): readonly FieldProblem[] {
  const wrongMode =
    mode === 'http' || mode === 'tcp' || mode === 'udp'
      ? []
      : [{ field: 'mode', value: mode, message: 'must be http or tcp' }]
  return [
    ...wrongMode,
    ...places.flatMap(({ host, port }) => [
      ...(ipFamily(host) === 0
        ? [{ field: 'bind.host', value: host, message: 'must be an IPv4 or IPv6 address' }]
        : []),
      ...wholeNumber('bind.port', port, { min: 1, max: 65_535 }),
    ]),
  ]
}

/** What a listener does with what comes. */
function filtersOf(mode: 'http' | 'tcp' | 'udp', port: EnvoyPort, { routesSource }: EnvoyListening): object {
  const { name } = port
  if (mode === 'udp') {
    const route = filter('route', 'udp.udp_proxy.v3.Route', { cluster: name })
    const proxy = {
      stat_prefix: name,
      matcher: { on_no_match: { action: route } },
      ...(isHashed(port) ? { hash_policies: [{ source_ip: true }] } : {}),
    }
    return {
      udp_listener_config: {},
      listener_filters: [
        filter('envoy.filters.udp_listener.udp_proxy', 'udp.udp_proxy.v3.UdpProxyConfig', proxy),
      ],
    }
  }
  const network =
    mode === 'tcp'
      ? filter('envoy.filters.network.tcp_proxy', 'network.tcp_proxy.v3.TcpProxy', {
          stat_prefix: name,
          cluster: name,
          ...(isHashed(port) ? { hash_policy: [{ source_ip: {} }] } : {}),
        })
      : filter(
          'envoy.filters.network.http_connection_manager',
          'network.http_connection_manager.v3.HttpConnectionManager',
          {
            stat_prefix: name,
            rds: { route_config_name: name, config_source: routesSource },
            http_filters: [filter('envoy.filters.http.router', 'http.router.v3.Router', {})],
          },
        )
  return { filter_chains: [{ filters: [network] }] }
}

function filter(name: string, type: string, config: object): object {
  return { name, typed_config: { '@type': `${FILTERS}.${type}`, ...config } }
}

/** All goes to the cluster. Requests may last: Envoy would end each after 15 s, also those that stream. */
function routesOf(port: EnvoyPort): Readonly<Record<string, unknown>> {
  const { name } = port
  const hashPolicy = isHashed(port) ? { hash_policy: [{ connection_properties: { source_ip: true } }] } : {}
  const route = { cluster: name, timeout: '0s', ...hashPolicy }
  return {
    '@type': ROUTES_TYPE,
    name,
    virtual_hosts: [{ name, domains: ['*'], routes: [{ match: { prefix: '/' }, route }] }],
  }
}

/** Such a cluster picks at random, unless it is told what to hash: the client. */
function isHashed({ policy }: EnvoyPort): boolean {
  return policy === 'RING_HASH' || policy === 'MAGLEV'
}
