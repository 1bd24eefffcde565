import type { Endpoint } from '../../core/index.js'
import {
  assertKnown,
  assertValid,
  ipBytes,
  ipFamily,
  ipFromBytes,
  knownOptions,
  wholeNumber,
} from '../../core/internal.js'
import { canonicalName, labelsUnder, lowerCase } from '../dns/dns-name.js'
import type { DnsRecord } from '../dns/dns-record.js'
import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import { parseReverseName } from '../dns/reverse-name.js'
import type { NamingProfile } from '../registry/naming-profile.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'
import { hostNamed } from '../registry/registry-snapshot.js'
import { endpointPort } from '../services/registered-service.js'
import { hex } from '../structures/digests.js'
import { assertZone } from './assert-zone.js'
import type { NameRecords } from './zone-answers.js'
import {
  absolute,
  addressRecords,
  answered,
  denied,
  holdsAddress,
  noRecords,
  recordsOfType,
} from './zone-answers.js'
import type { ZoneSoa } from './zone-soa.js'
import { zoneSoa } from './zone-soa.js'

/** How the names of Consul are served. */
export interface ConsulNamesOptions {
  /** Default `consul`. */
  readonly domain?: string
  /** Default `dc1`. Names of other datacenters are denied. */
  readonly datacenter?: string
  /** Where the services are. Default `default`. */
  readonly namespace?: string
  /** Leaves out instances whose label `consul.status` is `warning`. Default false. */
  readonly onlyPassing?: boolean
  /** Default 0: ask again each time. */
  readonly ttlSeconds?: number
}

interface Settings {
  readonly zone: string
  readonly soa: ZoneSoa
  readonly datacenter: string
  readonly namespace: string
  readonly onlyPassing: boolean
  readonly ttl: number
}

/** Label of an endpoint that holds its tags, separated by commas. */
const TAGS_LABEL = 'consul.tags'
/** Label of an endpoint that is `warning` where a check warns; critical ones are not ready. */
const STATUS_LABEL = 'consul.status'

const CONSUL_NAMES_OPTIONS = /* @__PURE__ */ knownOptions<ConsulNamesOptions>('consulNames', {
  domain: true,
  datacenter: true,
  namespace: true,
  onlyPassing: true,
  ttlSeconds: true,
})

/**
 * The names of Consul: `[tag.]name.service[.dc]`, `_name._tag.service[.dc]` (tag `tcp` for any), `node.node[.dc]`, and
 * addresses in hexadecimal below `addr`. An instance is a ready endpoint, its node a registered host; an instance without
 * an address has that of its node. SRV points to the node, or below `addr` where the instance has an address of its
 * own. Reverse names of registered hosts give their node names. Source: hashicorp/consul, agent/dns.go.
 *
 * @throws InvalidError for an invalid domain, or a TTL out of bounds
 */
export function consulNames(options: ConsulNamesOptions = {}): NamingProfile {
  assertKnown(options, CONSUL_NAMES_OPTIONS)
  const {
    domain = 'consul',
    datacenter = 'dc1',
    namespace = 'default',
    onlyPassing = false,
    ttlSeconds = 0,
  } = options
  assertZone('Consul naming profile', 'domain', domain)
  assertZone('Consul naming profile', 'datacenter', datacenter)
  assertValid('Consul naming profile', wholeNumber('ttlSeconds', ttlSeconds, { max: 86_400 }))
  const zone = canonicalName(domain)
  const settings: Settings = {
    zone,
    soa: zoneSoa({
      name: zone,
      ttl: 0,
      primary: `ns.${zone}`,
      mailbox: `hostmaster.${zone}`,
      refresh: 3600,
      retry: 600,
      expire: 86_400,
      minimum: 0,
    }),
    datacenter,
    namespace,
    onlyPassing,
    ttl: ttlSeconds,
  }
  return {
    name: `consul ${zone}`,
    resolve: (snapshot, question) =>
      resolveForward(settings, snapshot, question) ?? resolveReverse(settings, snapshot, question),
  }
}

function resolveForward(
  settings: Settings,
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): Resolution | undefined {
  const labels = labelsUnder(canonicalName(question.name), settings.zone)
  if (labels === undefined) return undefined
  const found = recordsAt({ settings, snapshot, owner: absolute(question.name) }, labels)
  const wanted = found === undefined ? [] : recordsOfType(found.records, question.type)
  if (found !== undefined && wanted.length > 0)
    return answered(snapshot, wanted, wanted[0]?.type === 'SRV' ? found.additional : [])
  return denied(snapshot, found === undefined ? 'NXDOMAIN' : 'NOERROR', [settings.soa(snapshot)])
}

function resolveReverse(
  { zone, datacenter, ttl }: Settings,
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): Resolution | undefined {
  const reverse = parseReverseName(question.name)
  const names = reverse?.kind === 'address' ? snapshot.hostAddresses.get(reverse.address) : undefined
  if (names === undefined) return undefined
  const name = absolute(question.name)
  const records = names.map(
    (host): DnsRecord => ({ type: 'PTR', name, ttl, target: `${host}.node.${datacenter}.${zone}` }),
  )
  const wanted = recordsOfType(records, question.type)
  return wanted.length > 0 ? answered(snapshot, wanted, []) : denied(snapshot, 'NOERROR', [])
}

interface Asked {
  readonly settings: Settings
  readonly snapshot: RegistrySnapshot
  readonly owner: string
}

const KINDS = ['service', 'node', 'addr']

function recordsAt(asked: Asked, given: readonly string[]): NameRecords | undefined {
  const { settings } = asked
  const isOurs = given.at(-1) === settings.datacenter
  const labels = isOurs ? given.slice(0, -1) : given
  const kind = labels.at(-1)
  const head = labels.slice(0, -1)
  if (labels.length === 0) return noRecords
  // The label `service` may be left out of `_name._tag`.
  if (labels.length === 2 && labels.every(label => label.startsWith('_'))) return serviceAt(asked, labels)
  if (kind === undefined || !KINDS.includes(kind)) return undefined
  if (head.length === 0) return noRecords
  if (kind === 'node') return nodeAt(asked, head.join('.'))
  return kind === 'addr' ? addressAt(asked, head) : serviceAt(asked, head)
}

function nodeAt({ settings, snapshot, owner }: Asked, name: string): NameRecords | undefined {
  const host = hostNamed(snapshot, name)
  if (host === undefined) return undefined
  return { records: addressRecords(owner, settings.ttl, host.addresses), additional: [] }
}

function addressAt(
  { settings, owner }: Asked,
  [text = '', ...more]: readonly string[],
): NameRecords | undefined {
  if (more.length > 0 || !/^([0-9a-f]{8}|[0-9a-f]{32})$/.test(text)) return undefined
  const bytes = Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  )
  return { records: addressRecords(owner, settings.ttl, [ipFromBytes(bytes)]), additional: [] }
}

function serviceAt(asked: Asked, head: readonly string[]): NameRecords | undefined {
  const { settings, snapshot, owner } = asked
  const [first = '', second] = head
  const isSrvForm = head.length === 2 && head.every(label => label.startsWith('_'))
  const name = isSrvForm ? first.slice(1) : (head.at(-1) ?? '')
  const tag = isSrvForm ? tagOf(second ?? '') : head.length > 1 ? head.slice(0, -1).join('.') : undefined
  const view = snapshot.services.get(`${settings.namespace}/${name}`)
  if (view?.service === undefined) return undefined
  const { service } = view
  const instances = view.endpoints.filter(endpoint => isWanted(settings, endpoint, tag))
  if (instances.length === 0) return undefined
  const additional = new Map<string, readonly string[]>()
  const ttl = service.ttlSeconds ?? settings.ttl
  const srv = instances.flatMap(instance =>
    placesOf(asked, instance).flatMap(({ target, addresses }) => {
      additional.set(target, addresses)
      const numbers = service.ports.flatMap(port => endpointPort(instance, port) ?? [])
      return numbers.map(
        port => ({ type: 'SRV', name: owner, ttl, priority: 1, weight: 1, port, target }) as const,
      )
    }),
  )
  const addresses = instances.flatMap(instance => placesOf(asked, instance).flatMap(place => place.addresses))
  return {
    records: [...addressRecords(owner, ttl, addresses), ...srv],
    additional: [...additional].flatMap(([target, list]) => addressRecords(target, ttl, list)),
  }
}

/** `_tcp` asks for all, as RFC 2782 has it; anything else is a tag. */
function tagOf(label: string): string | undefined {
  return label === '_tcp' ? undefined : label.slice(1)
}

function isWanted(
  { onlyPassing }: Settings,
  { conditions, labels = {} }: Endpoint,
  tag: string | undefined,
): boolean {
  const tags = (labels[TAGS_LABEL] ?? '').toLowerCase().split(',')
  const passes = conditions.ready && !(onlyPassing && labels[STATUS_LABEL] === 'warning')
  return passes && (tag === undefined || tags.includes(tag))
}

/** Names and addresses of an instance: those of its node, unless it has its own. */
function placesOf(
  { settings, snapshot }: Asked,
  { addresses, nodeName = '' }: Endpoint,
): readonly { readonly target: string; readonly addresses: readonly string[] }[] {
  const { zone, datacenter } = settings
  const node = hostNamed(snapshot, nodeName)
  const own = addresses.filter(
    address => ipFamily(address) !== 0 && !(node !== undefined && holdsAddress(node.addresses, address)),
  )
  if (own.length === 0 && node !== undefined)
    return [{ target: `${lowerCase(nodeName)}.node.${datacenter}.${zone}`, addresses: node.addresses }]
  return addresses.map(address => ({
    target: `${hex(ipBytes(address) ?? new Uint8Array())}.addr.${datacenter}.${zone}`,
    addresses: [address],
  }))
}
