import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Endpoint, RegistryChange, RegistrySnapshot } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import {
  envoyResources,
  formatHosts,
  formatResolvConf,
  nginxUpstreams,
} from '../../../src/discovery/render/index.js'

const http = { name: 'http', port: 80, protocol: 'TCP' } as const
const dns = { name: '', port: 53, protocol: 'UDP' } as const
const endpoint = (id: string, address: string, more: Partial<Endpoint> = {}): Endpoint => ({
  id,
  addresses: [address],
  ports: { http: 8080 },
  conditions: { ready: true, serving: true, terminating: false },
  ...more,
})
const leaving = { conditions: { ready: false, serving: true, terminating: true } }
const failed = { conditions: { ready: false, serving: false, terminating: false } }
const headless = { namespace: 'prod', mode: 'headless', vips: [] } as const

const CHANGES: readonly RegistryChange[] = [
  {
    op: 'set-service',
    service: {
      namespace: 'prod',
      name: 'web',
      mode: 'vip',
      vips: ['10.96.0.1', 'fd00::1'],
      ports: [http],
      balance: 'maglev',
    },
  },
  { op: 'set-service', service: { ...headless, name: 'db', ports: [dns] } },
  { op: 'set-service', service: { ...headless, name: 'empty', ports: [http] } },
  {
    op: 'set-service',
    service: {
      namespace: 'prod',
      name: 'away',
      mode: 'external',
      vips: [],
      ports: [],
      externalName: 'example.com',
    },
  },
  {
    op: 'set-endpoints',
    service: 'prod/web',
    slice: 's',
    endpoints: [
      endpoint('a', '10.0.0.1', { zone: 'z1', weight: 3 }),
      endpoint('b', 'fd00::b', { zone: 'z2' }),
      endpoint('c', '10.0.0.3', { zone: 'z1', ...leaving }),
      endpoint('d', '10.0.0.4', failed),
    ],
  },
  {
    op: 'set-endpoints',
    service: 'prod/db',
    slice: 's',
    endpoints: [endpoint('e', '10.0.0.5', { ports: {} })],
  },
]

function snapshotOf(changes: readonly RegistryChange[]): RegistrySnapshot {
  return createRegistry().apply(7, changes)
}

test('equal snapshots give equal texts, however they came about', () => {
  for (const render of [nginxUpstreams, formatHosts, envoyResources])
    expect(render(snapshotOf(CHANGES.toReversed()))).toEqual(render(snapshotOf(CHANGES)))
})

describe('nginx', () => {
  test('has the eligible endpoints by their shares; the others are down, and nothing is never empty', () => {
    expect(nginxUpstreams(snapshotOf(CHANGES))).toBe(`upstream 53.db.prod {
  server 10.0.0.5:53 weight=100;
}

upstream http.empty.prod {
  server 127.0.0.1:1 down;
}

upstream http.web.prod {
  server 10.0.0.1:8080 weight=100;
  server [fd00::b]:8080 weight=33;
  server 10.0.0.3:8080 down;
  server 10.0.0.4:8080 down;
}
`)
    expect(nginxUpstreams(snapshotOf(CHANGES), { include: ({ name }) => name === 'none' })).toBe('')
  })

  const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'
  const isInstalled = spawnSync('nginx', ['-v']).error === undefined
  test.runIf(isInstalled || required)(
    'nginx itself takes the text (skipped where it is not installed)',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'nginx-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const config = join(folder, 'nginx.conf')
      const text = nginxUpstreams(snapshotOf(CHANGES))
      const judge = (upstreams: string) => {
        const server = 'server { listen 127.0.0.1:8080; location / { proxy_pass http://http.web.prod; } }'
        const http = `http { access_log off; ${upstreams} ${server} }`
        writeFileSync(config, `pid ${folder}/pid; error_log ${folder}/log;\nevents {}\n${http}\n`)
        return spawnSync('nginx', ['-t', '-p', folder, '-c', config], { encoding: 'utf8' })
      }
      const { status, stderr } = judge(text)
      expect([status, stderr]).toEqual([0, expect.stringContaining('test is successful')])
      expect(judge(text.replace('weight=33', 'weight=none')).status).not.toBe(0)
    },
  )
})

describe('Envoy', () => {
  const { clusters, endpoints } = envoyResources(snapshotOf(CHANGES))
  const socket = (address: string, port: number, more: object = {}) => ({
    address: { socket_address: { ...more, address, port_value: port } },
  })

  test('has a cluster for each port, by the way that the service says', () => {
    expect(clusters).toEqual({
      version_info: '7',
      type_url: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      resources: [
        ['prod/db/53', 'ROUND_ROBIN'],
        ['prod/empty/http', 'ROUND_ROBIN'],
        ['prod/web/http', 'MAGLEV'],
      ].map(([name, policy]) => ({
        '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
        name,
        type: 'EDS',
        eds_cluster_config: { eds_config: { resource_api_version: 'V3', ads: {} } },
        connect_timeout: '2s',
        lb_policy: policy,
      })),
    })
    expect(
      envoyResources(snapshotOf(CHANGES), { endpointsPath: '/etc/envoy/eds.json' }).clusters.resources[0],
    ).toMatchObject({
      eds_cluster_config: { eds_config: { path_config_source: { path: '/etc/envoy/eds.json' } } },
    })
  })

  test('has endpoints by zone, with their health and share', () => {
    expect(endpoints.resources.map(resource => [resource['cluster_name'], resource['endpoints']])).toEqual([
      [
        'prod/db/53',
        [
          {
            lb_endpoints: [
              {
                endpoint: socket('10.0.0.5', 53, { protocol: 'UDP' }),
                health_status: 'HEALTHY',
                load_balancing_weight: 100,
              },
            ],
          },
        ],
      ],
      ['prod/empty/http', []],
      [
        'prod/web/http',
        [
          {
            lb_endpoints: [
              { endpoint: socket('10.0.0.4', 8080), health_status: 'UNHEALTHY', load_balancing_weight: 1 },
            ],
          },
          {
            locality: { zone: 'z1' },
            lb_endpoints: [
              { endpoint: socket('10.0.0.1', 8080), health_status: 'HEALTHY', load_balancing_weight: 100 },
              { endpoint: socket('10.0.0.3', 8080), health_status: 'DRAINING', load_balancing_weight: 1 },
            ],
          },
          {
            locality: { zone: 'z2' },
            lb_endpoints: [
              { endpoint: socket('fd00::b', 8080), health_status: 'HEALTHY', load_balancing_weight: 33 },
            ],
          },
        ],
      ],
    ])
  })

  test('a time out of bounds is refused by name', () => {
    expect(() => envoyResources(snapshotOf([]), { connectTimeoutMs: 0 })).toThrow('connectTimeoutMs')
  })
})

test('a hosts file has what the names are answered with', () => {
  expect(formatHosts(snapshotOf(CHANGES), { zone: 'corp.example' })).toBe(
    [
      '10.0.0.5\tdb.prod.svc.corp.example db.prod',
      '10.96.0.1\tweb.prod.svc.corp.example web.prod',
      'fd00::1\tweb.prod.svc.corp.example web.prod',
      '',
    ].join('\n'),
  )
})

describe('resolv.conf', () => {
  test('has what a resolver reads', () => {
    expect(formatResolvConf({ nameServers: ['10.96.0.10'] })).toBe('nameserver 10.96.0.10\noptions ndots:2\n')
    expect(
      formatResolvConf({
        nameServers: ['10.96.0.10', 'fd00::a'],
        search: ['prod.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
        ndots: 5,
        timeoutSeconds: 1,
        attempts: 3,
        useTcp: true,
        singleRequestReopen: true,
      }),
    ).toBe(
      [
        'nameserver 10.96.0.10',
        'nameserver fd00::a',
        'search prod.svc.cluster.local svc.cluster.local cluster.local',
        'options ndots:5 timeout:1 attempts:3 use-vc single-request-reopen',
        '',
      ].join('\n'),
    )
  })

  const one = { nameServers: ['10.96.0.10'] }
  test.each([
    [{ nameServers: [] }, 'nameServers'],
    [{ nameServers: Array.from({ length: 4 }, (_, i) => `10.0.0.${i}`) }, 'nameServers'],
    [{ nameServers: ['dns.example'] }, 'nameServers[0]'],
    [{ ...one, search: ['a', 'b\noptions ndots:15'] }, 'search[1]'],
    [{ ...one, search: Array.from({ length: 33 }, () => 'a') }, 'search'],
    [{ ...one, search: Array.from({ length: 30 }, () => `${'a'.repeat(60)}.${'b'.repeat(20)}`) }, 'search'],
    [{ ...one, ndots: 16 }, 'ndots'],
    [{ ...one, timeoutSeconds: 0 }, 'timeoutSeconds'],
    [{ ...one, attempts: 6 }, 'attempts'],
  ])('is refused: %j', (conf, field) => {
    expect(() => formatResolvConf(conf)).toThrow(
      expect.objectContaining({
        code: 'Invalid',
        details: expect.objectContaining({ problems: [expect.objectContaining({ field })] }),
      }),
    )
  })
})
