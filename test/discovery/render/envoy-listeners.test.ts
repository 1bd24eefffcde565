import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Endpoint, RegisteredService, RegistryChange } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import type { EnvoyResources, EnvoyResourcesOptions } from '../../../src/discovery/render/index.js'
import { envoyResources } from '../../../src/discovery/render/index.js'

const http = { name: 'http', port: 80, protocol: 'TCP' } as const
const dns = { name: 'dns', port: 53, protocol: 'UDP' } as const
const sctp = { name: 'sig', port: 5060, protocol: 'SCTP' } as const
const serviceOf = (name: string, more: Partial<RegisteredService> = {}): RegistryChange => ({
  op: 'set-service',
  service: { namespace: 'prod', name, mode: 'vip', vips: ['10.96.0.1'], ports: [http], ...more },
})
const endpoint: Endpoint = {
  id: 'a',
  addresses: ['10.0.0.1'],
  ports: {},
  zone: 'z',
  conditions: { ready: true, serving: true, terminating: false },
}

function rendered(changes: readonly RegistryChange[], options?: EnvoyResourcesOptions): EnvoyResources {
  return envoyResources(createRegistry().apply(7, changes), options)
}

/** The one listener and its routes of a service. */
function frontOf(more: Partial<RegisteredService>, options?: EnvoyResourcesOptions): EnvoyResources {
  return rendered([serviceOf('web', more)], options)
}

const place = (address: string, port: number) => ({ socket_address: { address, port_value: port } })
const filter = (name: string, type: string, config: object) => ({
  name,
  typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.${type}`, ...config },
})

test('a TCP port is a listener at all virtual addresses, which passes bytes on to its cluster', () => {
  const { listeners, routes, collisions } = frontOf({ vips: ['10.96.0.1', 'fd00::1'] })
  expect(listeners).toEqual({
    version_info: '7',
    type_url: 'type.googleapis.com/envoy.config.listener.v3.Listener',
    resources: [
      {
        '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
        name: 'prod/web/http',
        address: place('10.96.0.1', 80),
        additional_addresses: [{ address: place('fd00::1', 80) }],
        filter_chains: [
          {
            filters: [
              filter('envoy.filters.network.tcp_proxy', 'network.tcp_proxy.v3.TcpProxy', {
                stat_prefix: 'prod/web/http',
                cluster: 'prod/web/http',
              }),
            ],
          },
        ],
      },
    ],
  })
  expect([routes.resources, collisions]).toEqual([[], []])
})

test('a port that speaks HTTP has routes of its name, and no request ends because it lasts', () => {
  const { listeners, routes } = frontOf({}, { mode: () => 'http', routesPath: '/etc/envoy/routes.json' })
  expect(listeners.resources[0]?.['filter_chains']).toEqual([
    {
      filters: [
        filter(
          'envoy.filters.network.http_connection_manager',
          'network.http_connection_manager.v3.HttpConnectionManager',
          {
            stat_prefix: 'prod/web/http',
            rds: {
              route_config_name: 'prod/web/http',
              config_source: {
                resource_api_version: 'V3',
                path_config_source: { path: '/etc/envoy/routes.json' },
              },
            },
            http_filters: [filter('envoy.filters.http.router', 'http.router.v3.Router', {})],
          },
        ),
      ],
    },
  ])
  expect(routes).toEqual({
    version_info: '7',
    type_url: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
    resources: [
      {
        '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
        name: 'prod/web/http',
        virtual_hosts: [
          {
            name: 'prod/web/http',
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, route: { cluster: 'prod/web/http', timeout: '0s' } }],
          },
        ],
      },
    ],
  })
})

test('a UDP port passes datagrams on; what has no virtual address, and SCTP, has no listener', () => {
  const { listeners, clusters } = rendered([
    serviceOf('web', { ports: [dns, sctp] }),
    serviceOf('bare', { vips: [] }),
    serviceOf('headless', { mode: 'headless', vips: [] }),
  ])
  expect(clusters.resources).toHaveLength(4)
  expect(listeners.resources).toEqual([
    {
      '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
      name: 'prod/web/dns',
      address: { socket_address: { protocol: 'UDP', address: '10.96.0.1', port_value: 53 } },
      udp_listener_config: {},
      listener_filters: [
        filter('envoy.filters.udp_listener.udp_proxy', 'udp.udp_proxy.v3.UdpProxyConfig', {
          stat_prefix: 'prod/web/dns',
          matcher: {
            on_no_match: {
              action: filter('route', 'udp.udp_proxy.v3.Route', { cluster: 'prod/web/dns' }),
            },
          },
        }),
      ],
    },
  ])
})

describe('what keeps a client at one endpoint', () => {
  const rows: readonly (readonly [Partial<RegisteredService>, string, boolean])[] = [
    [{}, 'ROUND_ROBIN', false],
    [{ balance: 'random' }, 'RANDOM', false],
    [{ balance: 'ring-hash' }, 'RING_HASH', true],
    [{ balance: 'rendezvous' }, 'MAGLEV', true],
    [{ sessionAffinity: 'ClientIP' }, 'MAGLEV', true],
    [{ sessionAffinity: 'ClientIP', balance: 'least-connections' }, 'MAGLEV', true],
    [{ sessionAffinity: 'ClientIP', balance: 'ring-hash' }, 'RING_HASH', true],
    [{ sessionAffinity: 'None', balance: 'random' }, 'RANDOM', false],
  ]

  test.each(rows)('%j has the policy %s, with the client hashed: %s', (more, policy, isHashed) => {
    const mode = (_: unknown, { name }: { readonly name: string }) => (name === 'http' ? 'http' : 'tcp')
    const ports = [http, { ...http, name: 'raw', port: 81 }, dns]
    const { clusters, listeners, routes } = frontOf({ ...more, ports }, { mode })
    expect(clusters.resources.map(cluster => cluster['lb_policy'])).toEqual([policy, policy, policy])
    const said = JSON.stringify([listeners.resources, routes.resources])
    const hashes = ['{"connection_properties":{"source_ip":true}}', '{"source_ip":{}}', '{"source_ip":true}']
    for (const hash of hashes) expect(said.includes(`[${hash}]`)).toBe(isHashed)
  })
})

test('of two ports for one address the first by name has it, and both are named', () => {
  const both = { vips: ['10.96.0.1', '10.96.0.2'] }
  const changes = [serviceOf('b', both), serviceOf('a'), serviceOf('c', { ports: [{ ...dns, port: 80 }] })]
  const { listeners, collisions } = rendered(changes)
  expect(listeners.resources.map(({ name, address }) => [name, address])).toEqual([
    ['prod/a/http', place('10.96.0.1', 80)],
    ['prod/b/http', place('10.96.0.2', 80)],
    ['prod/c/dns', { socket_address: { protocol: 'UDP', ...place('10.96.0.1', 80).socket_address } }],
  ])
  expect(collisions).toEqual([{ address: 'TCP 10.96.0.1:80', listeners: ['prod/a/http', 'prod/b/http'] }])
  const all = rendered(changes, { bind: () => ({ host: '127.0.0.1', port: 8080 }) })
  expect(all.listeners.resources.map(({ name }) => name)).toEqual(['prod/a/http', 'prod/c/dns'])
  // A port whose own addresses become one is no collision.
  expect(frontOf(both, { bind: () => ({ host: '127.0.0.1', port: 8080 }) })).toMatchObject({
    listeners: { resources: [{ address: place('127.0.0.1', 8080) }] },
    collisions: [],
  })
})

test.each<readonly [string, EnvoyResourcesOptions, string]>([
  ['a host that is a name', { bind: () => ({ host: 'localhost', port: 80 }) }, 'bind.host'],
  ['port 0', { bind: host => ({ host, port: 0 }) }, 'bind.port'],
  ['a port beyond the last', { bind: host => ({ host, port: 65_536 }) }, 'bind.port'],
  ['another mode', { mode: () => JSON.parse('"https"') }, 'mode'],
])('%s is refused with the name of the listener', (_what, options, field) => {
  expect(() => frontOf({}, options)).toThrow(
    expect.objectContaining({
      code: 'Invalid',
      message: expect.stringContaining('prod/web/http'),
      details: expect.objectContaining({ problems: [expect.objectContaining({ field })] }),
    }),
  )
})

describe('the format', () => {
  /** Types of the fields of each message that is used, of the definitions of Envoy's API (v3), those out of use left out. */
  const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
    readFileSync(new URL('envoy-fields.json', import.meta.url), 'utf8'),
  )

  /** What Envoy would not take of a message, by path. */
  function problemsOf(value: unknown, type: string, at: string): readonly string[] {
    if (type.endsWith('[]'))
      return Array.isArray(value)
        ? value.flatMap((item, i) => problemsOf(item, type.slice(0, -2), `${at}[${i}]`))
        : [`${at} is no list`]
    if (type === 'google.protobuf.Any' || type === '') {
      const { '@type': url, ...message } = value as Readonly<Record<string, unknown>>
      return problemsOf(message, String(url).replace('type.googleapis.com/envoy.', ''), at)
    }
    const fields = messages[type]
    if (fields !== undefined)
      return Object.entries(value as object).flatMap(([name, part]) =>
        fields[name] === undefined
          ? [`${at}.${name} is no field of ${type}`]
          : problemsOf(part, fields[name], `${at}.${name}`),
      )
    return isOf(value, type) ? [] : [`${at} is no ${type}`]
  }

  function isOf(value: unknown, type: string): boolean {
    if (type === 'string' || type === 'bool') return typeof value === (type === 'bool' ? 'boolean' : type)
    if (type === 'uint32' || type === 'google.protobuf.UInt32Value') return Number.isInteger(value)
    if (type === 'google.protobuf.Duration') return /^\d+(\.\d+)?s$/.test(String(value))
    return type.includes('|') && type.split('|').includes(String(value))
  }

  const ports = [http, { ...http, name: 'raw', port: 81 }, dns]
  const changes: readonly RegistryChange[] = [
    serviceOf('web', { vips: ['10.96.0.1', 'fd00::1'], ports, sessionAffinity: 'ClientIP' }),
    serviceOf('api', { vips: ['10.96.0.2'], ports }),
    { op: 'set-endpoints', service: 'prod/web', slice: 's', endpoints: [endpoint] },
  ]
  const mode: EnvoyResourcesOptions['mode'] = (_, { name }) => (name === 'http' ? 'http' : 'tcp')

  test.each<EnvoyResourcesOptions>([{ mode }, { mode, endpointsPath: '/e.json', routesPath: '/r.json' }])(
    'of all resources is that of the definitions of Envoy, with %j',
    options => {
      const { clusters, endpoints, listeners, routes } = rendered(changes, options)
      for (const { type_url, resources } of [clusters, endpoints, listeners, routes]) {
        expect(resources.length).toBeGreaterThan(0)
        expect(new Set(resources.map(resource => resource['@type']))).toEqual(new Set([type_url]))
        expect(resources.flatMap((resource, i) => problemsOf(resource, '', String(i)))).toEqual([])
      }
    },
  )

  test('that is wrong is found', () => {
    const type = 'config.cluster.v3.Cluster'
    const wrong = { name: 1, type: 'EDSS', connect_timeout: '2', nme: 'a', eds_cluster_config: { a: 1 } }
    expect(problemsOf(wrong, type, '')).toHaveLength(5)
  })
})
