import { InvalidError } from '../../core/index.js'
import { assertKnown, assertValid, ipFamily, knownOptions, wholeNumber } from '../../core/internal.js'
import { canonicalName, labelsUnder } from '../dns/dns-name.js'
import type { DnsRecord, Rcode } from '../dns/dns-record.js'
import { dnsTypeCode, questionTypeCodes, recordTypeCode } from '../dns/dns-record.js'
import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import { parseReverseName } from '../dns/reverse-name.js'
import type { NamingProfile } from '../registry/naming-profile.js'
import type { RegistrySnapshot } from '../registry/registry-snapshot.js'
import { servicesAt } from '../registry/registry-snapshot.js'
import { assertZone } from './assert-zone.js'
import { endpointLabel, readyEndpoints, serviceRecords } from './kubernetes-service-records.js'
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

/** How Kubernetes names are served. */
export interface KubernetesNamesOptions {
  /** Default `cluster.local`. */
  readonly zone?: string
  /** TTL of records and of denials, 0 to 3600 seconds. Default 5. A service's own `ttlSeconds` goes before. */
  readonly ttlSeconds?: number
  /**
   * Zones such as `10.in-addr.arpa` whose missing names are denied, with an SOA record. A reverse name outside them that
   * is no address of the registry is not served here. Default none.
   */
  readonly reverseZones?: readonly string[]
  /** Addresses of the server itself: those of `ns.dns.<zone>`, to which NS points. Default none. */
  readonly nameServers?: readonly string[]
  /** Denies `_proto.service` as CoreDNS does, although names exist below it (RFC 8020 asks for NODATA). Default false. */
  readonly denyEmptyNonTerminals?: boolean
}

interface Settings {
  readonly zone: string
  readonly ttl: number
  readonly soa: ZoneSoa
  readonly reverseZones: readonly { readonly name: string; readonly soa: ZoneSoa }[]
  readonly nameServers: readonly string[]
  readonly denyEmptyNonTerminals: boolean
}

const SUBJECT = 'Kubernetes naming profile'
const SCHEMA_VERSION = '1.1.0'
const VERSION_TTL = 28_800
const SOA_TTL_MAX = 300
/** CNAMEs that are followed inside the zone for one question. */
const ALIASES_MAX = 10

const KUBERNETES_NAMES_OPTIONS = /* @__PURE__ */ knownOptions<KubernetesNamesOptions>('kubernetesNames', {
  zone: true,
  ttlSeconds: true,
  reverseZones: true,
  nameServers: true,
  denyEmptyNonTerminals: true,
})

/**
 * The names of Kubernetes' DNS specification 1.1.0: A, AAAA, SRV and CNAME below `svc.<zone>`, PTR for virtual
 * addresses and headless endpoints, and `dns-version`. Source: kubernetes/dns, docs/specification.md.
 *
 * @throws InvalidError for an invalid zone, or a TTL out of bounds
 */
export function kubernetesNames(options: KubernetesNamesOptions = {}): NamingProfile {
  assertKnown(options, KUBERNETES_NAMES_OPTIONS)
  const { zone = 'cluster.local', ttlSeconds = 5, reverseZones = [], nameServers = [] } = options
  assertZone(SUBJECT, 'zone', zone)
  for (const name of reverseZones) assertZone(SUBJECT, 'reverseZones', name)
  const wrong = nameServers.find(address => ipFamily(address) === 0)
  if (wrong !== undefined) throw invalid('nameServers', wrong, 'must be an IPv4 or IPv6 address')
  assertValid(SUBJECT, wholeNumber('ttlSeconds', ttlSeconds, { max: 3600 }))
  const forwardZone = canonicalName(zone)
  const soaOf = (name: string): ZoneSoa =>
    zoneSoa({
      name,
      ttl: Math.min(ttlSeconds, SOA_TTL_MAX),
      primary: `ns.dns.${forwardZone}`,
      mailbox: `hostmaster.${forwardZone}`,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttlSeconds,
    })
  const settings: Settings = {
    nameServers,
    denyEmptyNonTerminals: options.denyEmptyNonTerminals ?? false,
    zone: forwardZone,
    ttl: ttlSeconds,
    soa: soaOf(forwardZone),
    reverseZones: reverseZones.map(canonicalName).map(name => ({ name, soa: soaOf(name) })),
  }
  return {
    name: `kubernetes ${settings.zone}`,
    resolve: (snapshot, question) =>
      resolveForward(settings, snapshot, question) ?? resolveReverse(settings, snapshot, question),
  }
}

function invalid(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError(SUBJECT, [{ field, value, message }])
}

function resolveForward(
  settings: Settings,
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): Resolution | undefined {
  const answers: DnsRecord[] = []
  const visited: string[] = []
  const type = dnsTypeCode(question.type)
  for (let owner = canonicalName(question.name), shown = absolute(question.name); ; ) {
    const labels = labelsUnder(owner, settings.zone)
    if (labels === undefined) return answers.length === 0 ? undefined : answered(snapshot, answers, [])
    const found = recordsAt(settings, snapshot, { labels, owner: shown })
    if (found === undefined) return negative(settings, snapshot, { rcode: 'NXDOMAIN', answers })
    const alias = found.records[0]
    if (alias?.type !== 'CNAME' || type === recordTypeCode(alias) || type === questionTypeCodes.ANY) {
      const wanted = recordsOfType(found.records, question.type)
      if (wanted.length === 0) return negative(settings, snapshot, { rcode: 'NOERROR', answers })
      const isApex = wanted[0]?.type === 'SOA'
      return answered(snapshot, [...answers, ...wanted], isApex ? [] : found.additional)
    }
    answers.push(alias)
    visited.push(owner)
    shown = alias.target
    owner = canonicalName(shown)
    if (visited.includes(owner) || answers.length === ALIASES_MAX) return answered(snapshot, answers, [])
  }
}

interface Place {
  /** Labels in front of the zone, lower case. */
  readonly labels: readonly string[]
  /** The owner name as it was asked. */
  readonly owner: string
}

function recordsAt(
  settings: Settings,
  snapshot: RegistrySnapshot,
  { labels, owner }: Place,
): NameRecords | undefined {
  const { length } = labels
  const root = labels[length - 1]
  const namespace = labels[length - 2]
  const name = labels[length - 3]
  switch (root) {
    case undefined:
      return apexRecords(settings, snapshot, owner)
    case 'dns-version':
      if (namespace !== undefined) return undefined
      return {
        records: [{ type: 'TXT', name: owner, ttl: VERSION_TTL, strings: [SCHEMA_VERSION] }],
        additional: [],
      }
    case 'dns':
      if (labels.length === 1) return noRecords
      if (namespace !== 'ns' || labels.length > 2) return undefined
      return { records: addressRecords(owner, settings.ttl, settings.nameServers), additional: [] }
    case 'pod':
      return labels.length === 1 ? noRecords : undefined
    case 'svc':
      if (namespace === undefined) return noRecords
      if (name === undefined) return snapshot.namespaces.get(namespace) === undefined ? undefined : noRecords
      return serviceAt(settings, snapshot, { namespace, name, labels, owner })
    default:
      return undefined
  }
}

interface ServicePlace {
  readonly namespace: string
  readonly name: string
  /** All in front of the zone. */
  readonly labels: readonly string[]
  readonly owner: string
}

function serviceAt(
  settings: Settings,
  snapshot: RegistrySnapshot,
  place: ServicePlace,
): NameRecords | undefined {
  const view = snapshot.services.get(`${place.namespace}/${place.name}`)
  if (view?.service === undefined) return undefined
  const { service } = view
  const domain = `${place.name}.${place.namespace}.svc.${settings.zone}`
  const { denyEmptyNonTerminals } = settings
  const zone = { service, view, domain, ttl: service.ttlSeconds ?? settings.ttl, denyEmptyNonTerminals }
  return serviceRecords(zone, place.labels.slice(0, -3), place.owner)
}

function apexRecords(settings: Settings, snapshot: RegistrySnapshot, owner: string): NameRecords {
  const soa = { ...settings.soa(snapshot), name: owner }
  const target = `ns.dns.${settings.zone}`
  return {
    records: [soa, { type: 'NS', name: owner, ttl: settings.ttl, target }],
    additional: addressRecords(target, settings.ttl, settings.nameServers),
  }
}

interface Denial {
  readonly rcode: Rcode
  readonly answers: readonly DnsRecord[]
}

function negative({ soa }: Settings, snapshot: RegistrySnapshot, { rcode, answers }: Denial): Resolution {
  const denial = denied(snapshot, rcode, [soa(snapshot)])
  return answers.length === 0 ? denial : { ...denial, answers }
}

function resolveReverse(
  settings: Settings,
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): Resolution | undefined {
  const reverse = parseReverseName(question.name)
  if (reverse === undefined) return undefined
  const name = canonicalName(question.name)
  const zone = settings.reverseZones.find(candidate => labelsUnder(name, candidate.name) !== undefined)
  const targets = reverse.kind === 'address' ? reverseTargets(settings, snapshot, reverse.address) : []
  const isOurs = reverse.kind === 'address' && snapshot.endpointAddresses.get(reverse.address) !== undefined
  if (targets.length === 0 && zone === undefined && !isOurs) return undefined
  const deny = (rcode: Rcode): Resolution =>
    denied(snapshot, rcode, zone === undefined ? [] : [zone.soa(snapshot)])
  if (targets.length === 0) return deny(reverse.kind === 'network' ? 'NOERROR' : 'NXDOMAIN')
  const owner = absolute(question.name)
  const records = targets.map(({ target, ttl }): DnsRecord => ({ type: 'PTR', name: owner, ttl, target }))
  const wanted = recordsOfType(records, question.type)
  return wanted.length === 0 ? deny('NOERROR') : answered(snapshot, wanted, [])
}

/** Services that have the address as VIP; failing that, published headless endpoints that are there. */
function reverseTargets(
  settings: Settings,
  snapshot: RegistrySnapshot,
  address: string,
): readonly { target: string; ttl: number }[] {
  const of = (key: string): { target: string; ttl: number } => {
    const [namespace, name] = key.split('/')
    const ttl = snapshot.services.get(key)?.service?.ttlSeconds ?? settings.ttl
    return { target: `${name}.${namespace}.svc.${settings.zone}`, ttl }
  }
  const vips = snapshot.vips.get(address)
  if (vips !== undefined) return vips.map(of)
  const targets = servicesAt(snapshot, address).flatMap(key => {
    const view = snapshot.services.get(key)
    if (view?.service?.mode !== 'headless') return []
    const here = readyEndpoints(view).filter(endpoint => holdsAddress(endpoint.addresses, address))
    return here.map(e => ({ ...of(key), target: `${endpointLabel(e.hostname, address)}.${of(key).target}` }))
  })
  return [...new Map(targets.map(entry => [entry.target, entry])).values()]
}
