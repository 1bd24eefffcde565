import type { Endpoint } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import { canonicalName, labelsUnder } from '../dns/dns-name.js'
import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import type { NamingProfile } from '../registry/naming-profile.js'
import type { RegistrySnapshot, ServiceView } from '../registry/registry-snapshot.js'
import { hostNamed } from '../registry/registry-snapshot.js'
import type { RegisteredHost } from '../services/registered-service.js'
import { assertZone } from './assert-zone.js'
import { mesosAgentTail, mesosHash } from './mesos-labels.js'
import type { NameRecords } from './zone-answers.js'
import { absolute, addressRecords, answered, denied, noRecords, recordsOfType } from './zone-answers.js'
import type { ZoneSoa } from './zone-soa.js'
import { zoneSoa } from './zone-soa.js'

/** How the names of Mesos-DNS are served. */
export interface MesosNamesOptions {
  /** Default `mesos`. */
  readonly domain?: string
  /** TTL of records and denials. Default 60. */
  readonly ttlSeconds?: number
  /** Addresses of the server itself, those of `ns1.<domain>`. Default none. */
  readonly nameServers?: readonly string[]
  /**
   * Denies as Mesos-DNS does: SOA is owned by the name that was asked, and a missing SRV is an empty answer. Default false:
   * SOA is the zone's, and a name that does not exist is NXDOMAIN.
   */
  readonly mesosDenials?: boolean
}

interface Settings {
  readonly zone: string
  readonly soa: ZoneSoa
  readonly ttl: number
  readonly nameServers: readonly string[]
  readonly mesosDenials: boolean
}

/** Label of an endpoint that holds its host ports, separated by commas, where they are not those of its ports. */
const HOST_PORTS_LABEL = 'mesos.hostPorts'

const MESOS_NAMES_OPTIONS = /* @__PURE__ */ knownOptions<MesosNamesOptions>('mesosNames', {
  domain: true,
  ttlSeconds: true,
  nameServers: true,
  mesosDenials: true,
})

/**
 * The names of Mesos-DNS. A service is a task name in a framework: its namespace is the framework's domain (see
 * `mesosDomain`), its name the task's label (`mesosLabel`), both with the dots and cuts that they have there. An endpoint
 * is a task: its id is the task's, `nodeName` the agent's, which is a registered host of role `agent`. A service with
 * ports has discovery information; the label `mesos.hostPorts` of an endpoint holds the ports of its agent. Frameworks,
 * masters and the leader are hosts of roles `framework`, `master` and `leader`.
 *
 * Source: mesosphere/mesos-dns, records/generator.go. Ready endpoints have records, as running tasks there.
 *
 * @throws InvalidError for an invalid domain, or a TTL out of bounds
 */
export function mesosNames(options: MesosNamesOptions = {}): NamingProfile {
  assertKnown(options, MESOS_NAMES_OPTIONS)
  const { domain = 'mesos', ttlSeconds = 60, nameServers = [], mesosDenials = false } = options
  assertZone('Mesos naming profile', 'domain', domain)
  assertValid('Mesos naming profile', wholeNumber('ttlSeconds', ttlSeconds, { max: 86_400 }))
  const zone = canonicalName(domain)
  const soa = zoneSoa({
    name: zone,
    ttl: ttlSeconds,
    primary: `ns1.${zone}`,
    mailbox: `root.ns1.${zone}`,
    refresh: 60,
    retry: 600,
    expire: 86_400,
    minimum: ttlSeconds,
  })
  const settings: Settings = { zone, soa, ttl: ttlSeconds, nameServers, mesosDenials }
  return {
    name: `mesos ${zone}`,
    resolve: (snapshot, question) => resolve(settings, snapshot, question),
  }
}

function resolve(
  settings: Settings,
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): Resolution | undefined {
  const labels = labelsUnder(canonicalName(question.name), settings.zone)
  if (labels === undefined) return undefined
  const owner = absolute(question.name)
  const found = recordsAt({ settings, snapshot, owner }, labels)
  const wanted = found === undefined ? [] : recordsOfType(found.records, question.type)
  if (found !== undefined && wanted.length > 0) return answered(snapshot, wanted, found.additional)
  if (settings.mesosDenials && question.type === 'SRV') return denied(snapshot, 'NOERROR', [])
  const soa = settings.soa(snapshot)
  const rcode = found === undefined ? 'NXDOMAIN' : 'NOERROR'
  return denied(snapshot, rcode, [settings.mesosDenials ? { ...soa, name: owner } : soa])
}

interface Asked {
  readonly settings: Settings
  readonly snapshot: RegistrySnapshot
  readonly owner: string
}

function recordsAt(asked: Asked, labels: readonly string[]): NameRecords | undefined {
  const { settings, snapshot, owner } = asked
  if (labels.length === 0) {
    const ns = { type: 'NS', name: owner, ttl: settings.ttl, target: `ns1.${settings.zone}` } as const
    return { records: [{ ...settings.soa(snapshot), name: owner }, ns], additional: [] }
  }
  if (labels.length === 1 && labels[0] === 'ns1') return addressesAt(asked, settings.nameServers)
  const named = hostNames(asked, labels)
  if (named !== undefined) return named
  return labels.some(label => label.startsWith('_')) ? servicePorts(asked, labels) : taskNames(asked, labels)
}

function addressesAt({ settings, owner }: Asked, addresses: readonly string[]): NameRecords {
  return { records: addressRecords(owner, settings.ttl, addresses), additional: [] }
}

/** `slave`, `leader`, `master`, `master0`, a framework, and `_name._tcp` of each. */
function hostNames(asked: Asked, labels: readonly string[]): NameRecords | undefined {
  const { settings, snapshot, owner } = asked
  const isSrv = labels[1] === '_tcp' || labels[1] === '_udp'
  const name = isSrv ? (labels[0] ?? '').replace(/^_/, '') : labels.join('.')
  if (isSrv && labels.length > 2) return undefined
  const hosts = hostsNamed(snapshot, name)
  if (hosts.length === 0 || (isSrv && labels[1] === '_udp' && name !== 'leader')) return undefined
  if (!isSrv)
    return addressesAt(
      asked,
      hosts.flatMap(({ addresses }) => addresses),
    )
  const target = `${name}.${settings.zone}`
  const ports = [...new Set(hosts.flatMap(({ port }) => (port === undefined ? [] : [port])))]
  const base = { type: 'SRV', name: owner, ttl: settings.ttl, priority: 0, weight: 1, target } as const
  return {
    records: ports.map(port => ({ ...base, port })),
    additional: addressRecords(
      target,
      settings.ttl,
      hosts.flatMap(({ addresses }) => addresses),
    ),
  }
}

const ROLES: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['slave', 'agent'],
  ['master', 'master'],
  ['leader', 'leader'],
])

function hostsNamed(snapshot: RegistrySnapshot, name: string): readonly RegisteredHost[] {
  const numbered = /^master(\d+)$/.exec(name)?.[1]
  const role = ROLES.get(name) ?? (numbered === undefined ? 'framework' : 'master')
  if (role === 'framework') {
    const host = hostNamed(snapshot, name)
    return host?.roles.includes(role) === true ? [host] : []
  }
  const hosts = hostsOf(snapshot, role)
  // The leader is a master although it may not be in the list of them.
  const isMaster = role === 'master'
  const all = isMaster
    ? [...hosts, ...hostsOf(snapshot, 'leader').filter(host => !hosts.includes(host))]
    : hosts
  return numbered === undefined ? all : all.slice(Number(numbered), Number(numbered) + 1)
}

function hostsOf(snapshot: RegistrySnapshot, role: string): readonly RegisteredHost[] {
  const hosts = [...snapshot.hosts.entries()].filter(([, host]) => host.roles.includes(role))
  return hosts.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, host]) => host)
}

/** `task.framework`, `task-hash-agent.framework`, each with `slave` behind for the agents' addresses. */
function taskNames(asked: Asked, labels: readonly string[]): NameRecords | undefined {
  const { snapshot } = asked
  const onAgents = labels.at(-1) === 'slave'
  const [name = '', ...framework] = onAgents ? labels.slice(0, -1) : labels
  const namespace = framework.join('.')
  if (name === '') return undefined
  const addressesOf = onAgents ? agentAddresses : taskAddresses
  const view = snapshot.services.get(`${namespace}/${name}`)
  const own = view === undefined ? [] : readyOf(view).flatMap(task => addressesOf(snapshot, task))
  const single =
    own.length > 0
      ? own
      : canonicalTask(snapshot, namespace, name).flatMap(task => addressesOf(snapshot, task))
  if (single.length > 0) return addressesAt(asked, single)
  return isAbove(snapshot, labels) ? noRecords : undefined
}

/** A framework's domain exists when it has tasks, though it has no address of its own. */
function isAbove(snapshot: RegistrySnapshot, labels: readonly string[]): boolean {
  const namespace = (labels.at(-1) === 'slave' ? labels.slice(0, -1) : labels).join('.')
  return snapshot.namespaces.get(namespace) !== undefined
}

function canonicalTask(snapshot: RegistrySnapshot, namespace: string, label: string): readonly Endpoint[] {
  const [, name = '', hash, tail] = /^(.*)-([a-z0-9]{5})-([^-]*)$/.exec(label) ?? []
  const view = snapshot.services.get(`${namespace}/${name}`)
  if (view === undefined) return []
  return readyOf(view).filter(
    ({ id, nodeName }) => mesosHash(id) === hash && mesosAgentTail(nodeName ?? '') === tail,
  )
}

function readyOf(view: ServiceView): readonly Endpoint[] {
  return view.service === undefined ? [] : view.endpoints.filter(({ conditions }) => conditions.ready)
}

function taskAddresses(snapshot: RegistrySnapshot, task: Endpoint): readonly string[] {
  return task.addresses.length > 0 ? task.addresses : agentAddresses(snapshot, task)
}

function agentAddresses(snapshot: RegistrySnapshot, { nodeName = '' }: Endpoint): readonly string[] {
  return hostNamed(snapshot, nodeName)?.addresses ?? []
}

interface Place {
  readonly task: Endpoint
  readonly port: number
  readonly onAgent: boolean
}

/** `_task._proto.framework`, `_port._task._proto.framework`, `_task._proto.framework.slave`. */
function servicePorts(asked: Asked, labels: readonly string[]): NameRecords | undefined {
  const { snapshot } = asked
  const at = labels.findIndex(label => label === '_tcp' || label === '_udp')
  const [first = '', second] = labels.slice(0, at).reverse()
  if (at < 1 || at > 2) return undefined
  const rest = labels.slice(at + 1)
  const onAgents = rest.at(-1) === 'slave'
  const namespace = (onAgents ? rest.slice(0, -1) : rest).join('.')
  const view = snapshot.services.get(`${namespace}/${first.replace(/^_/, '')}`)
  if (view?.service === undefined) return undefined
  const protocol = (labels[at] ?? '').slice(1).toUpperCase()
  const discovered = view.service.ports.filter(port => port.protocol === protocol)
  const hasDiscovery = view.service.ports.length > 0
  if (second !== undefined && (!hasDiscovery || onAgents)) return undefined
  const places = readyOf(view).flatMap((task): readonly Place[] => {
    if (onAgents || !hasDiscovery) return hostPorts(task).map(port => ({ task, port, onAgent: true }))
    const wanted = discovered.filter(({ name }) => second === undefined || `_${name}` === second)
    return wanted.map(({ port }) => ({ task, port, onAgent: false }))
  })
  return places.length === 0 ? undefined : srvRecords(asked, { namespace, name: view.service.name, places })
}

function hostPorts({ labels = {}, ports }: Endpoint): readonly number[] {
  const listed = labels[HOST_PORTS_LABEL]
  const numbers = listed === undefined ? Object.values(ports) : listed.split(',').map(Number)
  return [...new Set(numbers)].filter(Number.isInteger).sort((a, b) => a - b)
}

function srvRecords(
  { settings, snapshot, owner }: Asked,
  { namespace, name, places }: { namespace: string; name: string; places: readonly Place[] },
): NameRecords {
  const { zone, ttl } = settings
  const additional = new Map<string, readonly string[]>()
  const records = places.map(({ task, port, onAgent }) => {
    const label = `${name}-${mesosHash(task.id)}-${mesosAgentTail(task.nodeName ?? '')}`
    const target = `${label}.${namespace}.${onAgent ? 'slave.' : ''}${zone}`
    additional.set(target, onAgent ? agentAddresses(snapshot, task) : taskAddresses(snapshot, task))
    return { type: 'SRV', name: owner, ttl, priority: 0, weight: 1, port, target } as const
  })
  return {
    records,
    additional: [...additional].flatMap(([target, addresses]) => addressRecords(target, ttl, addresses)),
  }
}
