import { describe, expect, test } from 'vitest'
import type { Endpoint, NamingProfile, RegistryChange } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import {
  consulNames,
  dcosNames,
  mesosDomain,
  mesosHash,
  mesosLabel,
  mesosNames,
  nameCollisions,
  swarmNames,
} from '../../../src/discovery/names/index.js'

type Service = Extract<RegistryChange, { op: 'set-service' }>['service']

const http = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
const task = (id: string, address: string, more: Partial<Endpoint> = {}): Endpoint => ({
  id,
  addresses: address === '' ? [] : [address],
  ports: { http: 8080 },
  conditions: { ready: true, serving: true, terminating: false },
  ...more,
})
const service = (fields: Partial<Service> & Pick<Service, 'namespace' | 'name'>): RegistryChange => ({
  op: 'set-service',
  service: { mode: 'headless', vips: [], ports: http, ...fields },
})
const tasks = (key: string, ...endpoints: readonly Endpoint[]): RegistryChange => ({
  op: 'set-endpoints',
  service: key,
  slice: 's',
  endpoints,
})

/** Answers of a profile as short text: the code, then the data of each answer. */
function asking(profile: NamingProfile, ...changes: readonly RegistryChange[]) {
  const registry = createRegistry({ profiles: [profile] })
  registry.apply(1, [...changes, { op: 'synced' }])
  return (name: string, type: 'A' | 'AAAA' | 'SRV' | 'PTR' = 'A'): string => {
    const { rcode, answers } = registry.resolve({ name, type })
    const data = answers.map(record => {
      if (record.type === 'A' || record.type === 'AAAA') return record.address
      if (record.type === 'SRV') return `${record.target}:${record.port}`
      return record.type === 'PTR' ? record.target : record.type
    })
    return [rcode, ...data].join(' ')
  }
}

describe('SwarmKit', () => {
  const ask = asking(
    swarmNames({ network: 'front' }),
    service({ namespace: 'default', name: 'web', mode: 'vip', vips: ['10.0.1.2'], aliases: ['shop'] }),
    service({ namespace: 'default', name: 'db', networks: ['back'] }),
    service({ namespace: 'default', name: 'queue' }),
    tasks('default/web', task('web.1.abc', '10.0.1.3'), task('web.2.def', '10.0.1.4')),
    tasks('default/queue', task('queue.1.xyz', '10.0.1.5')),
  )

  test.each([
    ['a service is its virtual address', 'web.', 'NOERROR 10.0.1.2'],
    ['an alias is, too', 'shop.', 'NOERROR 10.0.1.2'],
    ['in mode dnsrr it is its tasks', 'queue.', 'NOERROR 10.0.1.5'],
    ['tasks are always there by name', 'tasks.web.', 'NOERROR 10.0.1.3 10.0.1.4'],
    ['also by alias', 'tasks.shop.', 'NOERROR 10.0.1.3 10.0.1.4'],
    ['a task is its own address', 'web.2.def.', 'NOERROR 10.0.1.4'],
    ['a service of another network is not known here', 'db.', 'REFUSED'],
    ['what is not known is left to others', 'example.com.', 'REFUSED'],
  ])('%s', (_, name, expected) => expect(ask(name)).toBe(expected))

  test('a known name without records of a type is never asked for elsewhere', () => {
    expect(ask('web.', 'AAAA')).toBe('NOERROR')
  })

  test('an address leads back to its task', () => {
    expect(ask('4.1.0.10.in-addr.arpa.', 'PTR')).toBe('NOERROR web.2.def.front.')
  })
})

describe('Mesos-DNS', () => {
  const changes = [
    service({ namespace: 'marathon', name: 'web' }),
    service({ namespace: 'marathon', name: 'old', ports: [] }),
    tasks('marathon/web', task('web.1', '10.0.2.1', { nodeName: 'a-S0' })),
    tasks(
      'marathon/old',
      task('old.1', '', { nodeName: 'a-S1', ports: {}, labels: { 'mesos.hostPorts': '31001,31000' } }),
    ),
    { op: 'set-host', host: { name: 'a-S0', addresses: ['192.0.2.1'], roles: ['agent'] } },
    { op: 'set-host', host: { name: 'a-S1', addresses: ['192.0.2.2'], roles: ['agent'] } },
    {
      op: 'set-host',
      host: { name: 'm1', addresses: ['192.0.2.9'], roles: ['master', 'leader'], port: 5050 },
    },
    { op: 'set-host', host: { name: 'constructor', addresses: ['192.0.2.7'], roles: ['framework'] } },
  ] as const
  const ask = asking(mesosNames(), ...changes)
  const own = `web-${mesosHash('web.1')}-s0.marathon`

  test.each([
    ['a task is where it answers', 'web.marathon.mesos.', 'A', 'NOERROR 10.0.2.1'],
    ['without an address, at its agent', 'old.marathon.mesos.', 'A', 'NOERROR 192.0.2.2'],
    ['its agent', 'web.marathon.slave.mesos.', 'A', 'NOERROR 192.0.2.1'],
    ['a task by its own name', `${own}.mesos.`, 'A', 'NOERROR 10.0.2.1'],
    ['agents', 'slave.mesos.', 'A', 'NOERROR 192.0.2.1 192.0.2.2'],
    ['the leader', 'leader.mesos.', 'A', 'NOERROR 192.0.2.9'],
    ['a framework', 'constructor.mesos.', 'A', 'NOERROR 192.0.2.7'],
    ['a master by number', 'master0.mesos.', 'A', 'NOERROR 192.0.2.9'],
    ['no such master', 'master1.mesos.', 'A', 'NXDOMAIN'],
    ['the leader’s port', '_leader._tcp.mesos.', 'SRV', 'NOERROR leader.mesos.:5050'],
    ['ports of discovery', '_web._tcp.marathon.mesos.', 'SRV', `NOERROR ${own}.mesos.:80`],
    ['one of them', '_http._web._tcp.marathon.mesos.', 'SRV', `NOERROR ${own}.mesos.:80`],
    [
      'host ports, where there is no discovery',
      '_old._tcp.marathon.mesos.',
      'SRV',
      ['NOERROR', 31_000, 31_001]
        .map(port =>
          port === 'NOERROR' ? port : `old-${mesosHash('old.1')}-s1.marathon.slave.mesos.:${port}`,
        )
        .join(' '),
    ],
    ['a framework that has tasks', 'marathon.mesos.', 'A', 'NOERROR'],
    ['no such task', 'none.marathon.mesos.', 'A', 'NXDOMAIN'],
    ['no such port', '_none._tcp.marathon.mesos.', 'SRV', 'NXDOMAIN'],
  ] as const)('%s', (_, name, type, expected) => expect(ask(name, type)).toBe(expected))

  test('denies as Mesos-DNS does only when told to', () => {
    const quirk = asking(mesosNames({ mesosDenials: true }), ...changes)
    expect(quirk('_none._tcp.marathon.mesos.', 'SRV')).toBe('NOERROR')
    expect(quirk('none.marathon.mesos.')).toBe('NXDOMAIN')
  })
})

describe('DC/OS', () => {
  const ask = asking(
    dcosNames(),
    service({ namespace: 'marathon', name: 'api', mode: 'vip', vips: ['11.0.0.1', 'fd01:c::1'] }),
    service({ namespace: 'group.marathon', name: 'deep', mode: 'vip', vips: ['11.0.0.2'] }),
  )
  const zone = 'l4lb.thisdcos.directory.'

  test.each([
    ['a named virtual address', `api.marathon.${zone}`, 'A', 'NOERROR 11.0.0.1'],
    ['of both families', `api.marathon.${zone}`, 'AAAA', 'NOERROR fd01:c::1'],
    ['in a framework with dots', `deep.group.marathon.${zone}`, 'A', 'NOERROR 11.0.0.2'],
    ['a framework is above them', `marathon.${zone}`, 'A', 'NOERROR'],
    ['no such address', `none.marathon.${zone}`, 'A', 'NXDOMAIN'],
    ['another zone', 'api.marathon.example.', 'A', 'REFUSED'],
  ] as const)('%s', (_, name, type, expected) => expect(ask(name, type)).toBe(expected))
})

describe('Consul', () => {
  const changes = [
    service({ namespace: 'default', name: 'redis' }),
    tasks(
      'default/redis',
      task('r1', '', { nodeName: 'n1', labels: { 'consul.tags': 'Primary,v1' } }),
      task('r2', '10.1.2.3', { nodeName: 'n2', labels: { 'consul.tags': 'v1', 'consul.status': 'warning' } }),
      task('r3', '10.1.2.4', {
        nodeName: 'n2',
        conditions: { ready: false, serving: false, terminating: false },
      }),
    ),
    { op: 'set-host', host: { name: 'n1', addresses: ['10.1.0.1'], roles: [] } },
    { op: 'set-host', host: { name: 'n2', addresses: ['10.1.0.2'], roles: [] } },
  ] as const
  const ask = asking(consulNames(), ...changes)
  const own = '0a010203.addr.dc1.consul.:8080'
  const node = 'n1.node.dc1.consul.:8080'

  test.each([
    ['critical instances are out', 'redis.service.consul.', 'A', 'NOERROR 10.1.0.1 10.1.2.3'],
    ['a tag, in whatever case', 'primary.redis.service.consul.', 'A', 'NOERROR 10.1.0.1'],
    ['in its datacenter', 'redis.service.dc1.consul.', 'A', 'NOERROR 10.1.0.1 10.1.2.3'],
    ['not in another', 'redis.service.dc2.consul.', 'A', 'NXDOMAIN'],
    [
      'ports lead to the node, or the address',
      '_redis._tcp.service.consul.',
      'SRV',
      `NOERROR ${node} ${own}`,
    ],
    ['of a tag, without the label', '_redis._primary.consul.', 'SRV', `NOERROR ${node}`],
    ['a node', 'n2.node.consul.', 'A', 'NOERROR 10.1.0.2'],
    ['an address', '0a010203.addr.consul.', 'A', 'NOERROR 10.1.2.3'],
    ['an address that is none', '0a0102.addr.consul.', 'A', 'NXDOMAIN'],
    ['no such tag', 'v2.redis.service.consul.', 'A', 'NXDOMAIN'],
    ['back to a node', '2.0.1.10.in-addr.arpa.', 'PTR', 'NOERROR n2.node.dc1.consul.'],
  ] as const)('%s', (_, name, type, expected) => expect(ask(name, type)).toBe(expected))

  test('warnings are out only when told to', () => {
    expect(asking(consulNames({ onlyPassing: true }), ...changes)('redis.service.consul.')).toBe(
      'NOERROR 10.1.0.1',
    )
  })
})

describe('what was registered in another spelling is found', () => {
  const ask = (profile: NamingProfile, name: string, type: 'A' | 'AAAA' | 'PTR' = 'A'): string =>
    asking(
      profile,
      service({ namespace: 'default', name: 'web' }),
      tasks(
        'default/web',
        task('Web.1', 'FD00::0:7', { nodeName: 'Node-A' }),
        task('web.2', '', { nodeName: 'NODE-A' }),
      ),
      {
        op: 'set-host',
        host: { name: 'Node-A', addresses: ['10.1.0.1', 'FD00::0:8'], roles: ['framework'] },
      },
    )(name, type)
  const reverse = (last: number): string => `${last}${'.0'.repeat(29)}.d.f.ip6.arpa.`

  test.each([
    ['a node of Consul', consulNames(), 'node-a.node.consul.', 'A', 'NOERROR 10.1.0.1'],
    ['the node of an instance', consulNames(), 'web.service.consul.', 'A', 'NOERROR 10.1.0.1'],
    ['a framework of Mesos', mesosNames(), 'node-a.mesos.', 'A', 'NOERROR 10.1.0.1'],
    ['the agent of a task', mesosNames(), 'web.default.slave.mesos.', 'A', 'NOERROR 10.1.0.1'],
    ['a task of Swarm', swarmNames(), 'web.1.', 'AAAA', 'NOERROR fd00::7'],
    ['the address of one', swarmNames(), reverse(7), 'PTR', 'NOERROR Web.1.'],
    ['that of a node', consulNames(), reverse(8), 'PTR', 'NOERROR node-a.node.dc1.consul.'],
  ] as const)('%s', (_, profile, name, type, expected) => expect(ask(profile, name, type)).toBe(expected))

  test('a host that is set again in another spelling is the same one', () => {
    const again = asking(
      consulNames(),
      { op: 'set-host', host: { name: 'N1', addresses: ['10.1.0.1'], roles: [] } },
      { op: 'set-host', host: { name: 'n1', addresses: ['10.1.0.2'], roles: [] } },
    )
    expect([again('n1.node.consul.'), again('1.0.1.10.in-addr.arpa.', 'PTR')]).toEqual([
      'NOERROR 10.1.0.2',
      'REFUSED',
    ])
  })
})

test('what a name of a node makes that is no DNS name is left out, and takes nothing else along', () => {
  const changes: readonly RegistryChange[] = [
    service({ namespace: 'default', name: 'web' }),
    tasks(
      'default/web',
      task('web.1', '', { nodeName: 'n1' }),
      task('web.2', '', { nodeName: 'a..b' }),
      task('web.3', '', { nodeName: 'n'.repeat(64) }),
    ),
    ...['n1', 'a..b', 'n'.repeat(64)].map(
      (name, i): RegistryChange => ({
        op: 'set-host',
        host: { name, addresses: [`10.1.0.${i}`], roles: ['agent'] },
      }),
    ),
  ]
  const ask = asking(consulNames(), ...changes)
  expect(ask('web.service.consul.')).toBe('NOERROR 10.1.0.0 10.1.0.1 10.1.0.2')
  expect(ask('_web._tcp.service.consul.', 'SRV')).toBe('NOERROR n1.node.dc1.consul.:8080')
  expect(ask('1.0.1.10.in-addr.arpa.', 'PTR')).toBe('NOERROR')
  expect(asking(mesosNames(), ...changes)('_web._tcp.default.mesos.', 'SRV')).toMatch(
    /^NOERROR web-\w+-n1\.\S+$/,
  )
})

describe('names that become one', () => {
  test('are reported, whatever the order', () => {
    const names = ['/abc', 'abc', 'a_b', 'a.b', 'alone', 'abc']
    const expected = [
      { name: 'a-b', sources: ['a.b', 'a_b'] },
      { name: 'abc', sources: ['/abc', 'abc'] },
    ]
    expect(nameCollisions(names, name => mesosLabel(name))).toEqual(expected)
    expect(nameCollisions(names.toReversed(), name => mesosLabel(name))).toEqual(expected)
    expect(nameCollisions(['a..b', 'a.b', 'c.d'], name => mesosDomain(name))).toEqual([
      { name: 'a.b', sources: ['a..b', 'a.b'] },
    ])
  })
})
