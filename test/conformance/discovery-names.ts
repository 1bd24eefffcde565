import { expect } from 'vitest'
import type {
  Endpoint,
  RegistryChange,
  RegistryQuestion,
  RegistrySnapshot,
} from '../../src/discovery/index.js'
import { createRegistry, formatRecord } from '../../src/discovery/index.js'
import type { NamingProfile } from '../../src/discovery/names/index.js'
import {
  consulNames,
  mesosDomain,
  mesosHash,
  mesosLabel,
  mesosNames,
  swarmNames,
} from '../../src/discovery/names/index.js'
import { resolveWith } from '../../src/discovery/registry/naming-profile.js'
import type { Case } from './discovery-case.js'

export interface MesosFixture {
  readonly domain: string
  readonly spec: 'rfc952' | 'rfc1123'
  readonly leader: readonly [string, string]
  readonly slaves: readonly { readonly id: string; readonly host: string; readonly port: string }[]
  readonly frameworks: readonly {
    readonly name: string
    readonly pidHost: string
    readonly pidPort: string
    readonly tasks: readonly MesosTask[]
  }[]
}

interface MesosTask {
  readonly name: string
  readonly id: string
  readonly slaveId: string
  readonly state: string
  readonly ports: readonly number[]
  readonly docker?: readonly string[]
  readonly netinfo?: readonly string[]
  readonly discovery?: {
    readonly name: string
    readonly ports: readonly {
      readonly number: number
      readonly protocol: 'tcp' | 'udp'
      readonly name: string
    }[]
  }
}

export interface SwarmFixture {
  readonly network: string
  readonly ttl: number
  readonly services: readonly {
    readonly name: string
    readonly mode: 'vip' | 'dnsrr'
    readonly vip?: string
    readonly aliases?: readonly string[]
    readonly tasks: readonly { readonly name: string; readonly ip: string; readonly healthy?: boolean }[]
  }[]
}

export interface ConsulFixture {
  readonly datacenter: string
  readonly domain: string
  readonly nodes: readonly { readonly name: string; readonly address: string }[]
  readonly services: readonly {
    readonly name: string
    readonly node: string
    readonly tags: readonly string[]
    readonly port: number
    readonly status: 'passing' | 'warning' | 'critical'
    readonly address?: string
  }[]
}

const conditions = (ready: boolean): Endpoint['conditions'] => ({ ready, serving: ready, terminating: false })

const snapshotOf = (changes: readonly RegistryChange[]): RegistrySnapshot =>
  createRegistry().apply(7, [...changes, { op: 'synced' }])

interface MesosService {
  readonly change: RegistryChange
  readonly endpoints: Endpoint[]
}

function mesosSnapshot(fixture: MesosFixture): RegistrySnapshot {
  const { spec } = fixture
  const changes: RegistryChange[] = fixture.slaves.map(({ id, host, port }) => ({
    op: 'set-host',
    host: { name: id, addresses: [host], roles: ['agent'], port: Number(port) },
  }))
  const [address, port] = fixture.leader
  changes.push({
    op: 'set-host',
    host: { name: 'master', addresses: [address], roles: ['leader'], port: Number(port) },
  })
  const services = new Map<string, MesosService>()
  for (const framework of fixture.frameworks) {
    const namespace = mesosDomain(framework.name, spec)
    changes.push({
      op: 'set-host',
      host: {
        name: namespace,
        addresses: [framework.pidHost],
        roles: ['framework'],
        port: Number(framework.pidPort),
      },
    })
    for (const task of framework.tasks) {
      const name = mesosLabel(task.discovery?.name ?? task.name, spec)
      const ports = (task.discovery?.ports ?? []).map(({ number, protocol, name: portName }) => ({
        name: portName,
        port: number,
        protocol: protocol === 'tcp' ? ('TCP' as const) : ('UDP' as const),
      }))
      const service = { namespace, name, mode: 'headless' as const, vips: [], ports }
      const known = services.get(`${namespace}/${name}`)
      const entry: MesosService = known ?? { change: { op: 'set-service', service }, endpoints: [] }
      services.set(`${namespace}/${name}`, entry)
      entry.endpoints.push({
        id: task.id,
        addresses: task.netinfo ?? task.docker ?? [],
        ports: {},
        conditions: conditions(task.state === 'TASK_RUNNING'),
        nodeName: task.slaveId,
        labels: { 'mesos.hostPorts': task.ports.join(',') },
      })
    }
  }
  for (const [key, { change, endpoints }] of services)
    changes.push(change, { op: 'set-endpoints', service: key, slice: 's', endpoints })
  return snapshotOf(changes)
}

function swarmChanges(fixture: SwarmFixture): readonly RegistryChange[] {
  return fixture.services.flatMap(({ name, mode, vip, aliases = [], tasks }): RegistryChange[] => [
    {
      op: 'set-service',
      service: {
        namespace: 'default',
        name,
        mode: mode === 'vip' ? 'vip' : 'headless',
        vips: vip === undefined ? [] : [vip],
        ports: [],
        aliases,
        networks: [fixture.network],
      },
    },
    {
      op: 'set-endpoints',
      service: `default/${name}`,
      slice: 's',
      endpoints: tasks.map(task => ({
        id: task.name,
        addresses: [task.ip],
        ports: {},
        conditions: conditions(task.healthy ?? true),
      })),
    },
  ])
}

function consulSnapshot(fixture: ConsulFixture): RegistrySnapshot {
  const names = [...new Set(fixture.services.map(({ name }) => name))]
  return snapshotOf([
    ...fixture.nodes.map(
      ({ name, address }): RegistryChange => ({
        op: 'set-host',
        host: { name, addresses: [address], roles: ['node'] },
      }),
    ),
    ...names.flatMap((name): RegistryChange[] => [
      {
        op: 'set-service',
        service: {
          namespace: 'default',
          name,
          mode: 'headless',
          vips: [],
          ports: [{ name: 'main', port: 1, protocol: 'TCP' }],
        },
      },
      {
        op: 'set-endpoints',
        service: `default/${name}`,
        slice: 's',
        endpoints: fixture.services
          .filter(service => service.name === name)
          .map(({ node, tags, port, status, address }) => ({
            id: `${name}-${node}`,
            addresses: address === undefined ? [] : [address],
            ports: { main: port },
            nodeName: node,
            conditions: conditions(status !== 'critical'),
            labels: { 'consul.tags': tags.join(','), 'consul.status': status },
          })),
      },
    ]),
  ])
}

interface Answer {
  readonly rcode: string
  readonly aa?: boolean
  readonly answer: readonly string[]
  readonly authority?: readonly string[]
  readonly additional?: readonly string[]
}

/** What the profile answers, in the form of the case, with what the case does not speak of left out. */
function expectAnswer(
  profile: NamingProfile,
  snapshot: RegistrySnapshot,
  example: Case,
  wanted: Answer,
): void {
  const { qname, qtype } = example.input as { qname: string; qtype: RegistryQuestion['type'] }
  const found = resolveWith([profile], snapshot, { name: qname, type: qtype })
  const lines = (records: typeof found.answers): readonly string[] =>
    records.map(record => formatRecord(record).replace(/( SOA \S+ \S+) 7 /, '$1 $serial ')).toSorted()
  const all: Answer = {
    rcode: found.rcode,
    aa: found.authoritative,
    answer: lines(found.answers),
    authority: lines(found.authority),
    additional: lines(found.additional),
  }
  const spoken = Object.fromEntries(Object.entries(all).filter(([field]) => Object.hasOwn(wanted, field)))
  const sorted = Object.entries(wanted).map(([field, value]) => [
    field,
    Array.isArray(value) ? (value as readonly string[]).toSorted() : (value as unknown),
  ])
  expect(spoken).toEqual(Object.fromEntries(sorted))
}

/** As Mesos-DNS with its denials; by default the zone owns SOA, and a missing SRV is denied like everything else. */
export function checkMesos(example: Case, fixture: MesosFixture): void {
  const snapshot = mesosSnapshot(fixture)
  const theirs = example.expect as Answer
  expectAnswer(mesosNames({ domain: fixture.domain, mesosDenials: true }), snapshot, example, theirs)
  const zone = `${fixture.domain}.`
  const soa = `${zone} 60 IN SOA ns1.${zone} root.ns1.${zone} $serial 60 600 86400 60`
  const isDenial = theirs.answer.length === 0
  const isMissingSrv = isDenial && (theirs.authority ?? []).length === 0
  const ours = isDenial
    ? { ...theirs, authority: [soa], ...(isMissingSrv ? { rcode: 'NXDOMAIN' } : {}) }
    : theirs
  expectAnswer(mesosNames({ domain: fixture.domain }), snapshot, example, ours)
}

export function checkMesosLabels(example: Case): void {
  const texts = example.input as readonly string[]
  const label = example.given?.match(/RFC ?(952|1123)/)?.[1]
  const form = example.id.includes('hash')
    ? mesosHash
    : example.id.includes('domainfrag')
      ? (text: string) => mesosDomain(text, label === '1123' ? 'rfc1123' : 'rfc952')
      : (text: string) => mesosLabel(text, label === '1123' ? 'rfc1123' : 'rfc952')
  expect(texts.map(form)).toEqual(example.expect)
}

const swarm = (fixture: SwarmFixture): NamingProfile =>
  swarmNames({ network: fixture.network, ttlSeconds: fixture.ttl })

export function checkSwarm(example: Case, fixture: SwarmFixture): void {
  expectAnswer(swarm(fixture), snapshotOf(swarmChanges(fixture)), example, example.expect as Answer)
}

export function checkSwarmModeSwitch(example: Case, fixture: SwarmFixture): void {
  const { after } = example.expect as { after: Readonly<Record<string, readonly string[] | string>> }
  const registry = createRegistry({ profiles: [swarm(fixture)] })
  registry.apply(1, swarmChanges(fixture))
  const service = registry.snapshot().services.get('default/web')?.service
  if (service === undefined) throw new Error('the fixture has no service web')
  registry.apply(2, [{ op: 'set-service', service: { ...service, mode: 'headless', vips: [] } }])
  const { answers, revision } = registry.resolve({ name: 'web.', type: 'A' })
  expect(answers.map(record => record.type === 'A' && record.address)).toEqual(after['web'])
  expect(registry.snapshot().vips.get(String(after['vipReleased']))).toBeUndefined()
  expect(revision).toBe(2)
}

export function checkConsul(example: Case, fixture: ConsulFixture): void {
  const { onlyPassing = false } = example.input as { onlyPassing?: boolean }
  const { domain, datacenter } = fixture
  expectAnswer(
    consulNames({ domain, datacenter, onlyPassing }),
    consulSnapshot(fixture),
    example,
    example.expect as Answer,
  )
}
