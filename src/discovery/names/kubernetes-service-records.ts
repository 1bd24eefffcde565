import type { Endpoint } from '../../core/index.js'
import { canonicalIp } from '../../core/internal.js'
import type { DnsRecord, SrvRecord } from '../dns/dns-record.js'
import type { ServiceView } from '../registry/registry-snapshot.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import { endpointPort } from '../services/registered-service.js'
import type { NameRecords } from './zone-answers.js'
import { addressRecords } from './zone-answers.js'

/** One service, as the names below it are derived. */
export interface ServiceZone {
  readonly service: RegisteredService
  readonly view: ServiceView
  /** `svc.ns.svc.zone.` */
  readonly domain: string
  readonly ttl: number
  /** Whether `_proto` alone is denied. */
  readonly denyEmptyNonTerminals: boolean
}

/** What the weights of a set of SRV records add up to, about. */
const TOTAL_WEIGHT = 100

/**
 * The records of `labels` below a service, or undefined when there is no such name. An empty list means that
 * the name exists and has no records of its own.
 */
export function serviceRecords(
  zone: ServiceZone,
  labels: readonly string[],
  owner: string,
): NameRecords | undefined {
  switch (zone.service.mode) {
    case 'external':
      return labels.length === 0 ? alone(externalRecords(zone, owner)) : undefined
    case 'vip':
      return labels.length === 0
        ? alone(addressRecords(owner, zone.ttl, zone.service.vips))
        : portRecords(zone, labels, owner)
    case 'headless':
      return headlessRecords(zone, labels, owner)
  }
}

function alone(records: readonly DnsRecord[]): NameRecords {
  return { records, additional: [] }
}

function externalRecords({ service, ttl }: ServiceZone, owner: string): readonly DnsRecord[] {
  const target = service.externalName
  if (target === undefined) return []
  return [{ type: 'CNAME', name: owner, ttl, target: target.endsWith('.') ? target : `${target}.` }]
}

function headlessRecords(
  zone: ServiceZone,
  labels: readonly string[],
  owner: string,
): NameRecords | undefined {
  const ready = readyEndpoints(zone.view)
  if (labels.length === 0) {
    const addresses = ready.flatMap(endpoint => endpoint.addresses)
    return addresses.length === 0 ? undefined : alone(addressRecords(owner, zone.ttl, addresses))
  }
  const ports = portRecords(zone, labels, owner)
  if (ports !== undefined || labels.length > 1) return ports
  const addresses = ready.flatMap(e =>
    e.addresses.filter(address => endpointLabel(e.hostname, address) === labels[0]),
  )
  return addresses.length === 0 ? undefined : alone(addressRecords(owner, zone.ttl, addresses))
}

/** Endpoints that are published, by id. */
export function readyEndpoints(view: ServiceView): readonly Endpoint[] {
  return view.endpoints.filter(({ conditions }) => conditions.ready)
}

/**
 * The label of an endpoint below its service: its hostname, or its address with dashes. A label may not end in a
 * dash, so an IPv6 address that does gets a zero.
 */
export function endpointLabel(hostname: string | undefined, address: string): string {
  if (hostname !== undefined && hostname !== '') return hostname
  const dashed = (canonicalIp(address) ?? address).replaceAll(/[.:]/g, '-')
  return `${dashed.startsWith('-') ? '0' : ''}${dashed}${dashed.endsWith('-') ? '0' : ''}`
}

/** SRV at `_port._proto`; `_proto` alone exists when a port has that protocol, and holds nothing. */
function portRecords(zone: ServiceZone, labels: readonly string[], owner: string): NameRecords | undefined {
  const [protocol, portName, ...rest] = labels.slice().reverse()
  const candidates = zone.service.ports.filter(
    port => port.name !== '' && `_${port.protocol.toLowerCase()}` === protocol,
  )
  if (candidates.length === 0 || rest.length > 0) return undefined
  if (zone.service.mode === 'headless' && readyEndpoints(zone.view).length === 0) return undefined
  if (portName === undefined) return zone.denyEmptyNonTerminals ? undefined : alone([])
  const port = candidates.find(candidate => `_${candidate.name}` === portName)
  if (port === undefined) return undefined
  return zone.service.mode === 'headless' ? headlessSrv(zone, port, owner) : vipSrv(zone, port, owner)
}

function vipSrv({ service, domain, ttl }: ServiceZone, port: RegisteredPort, owner: string): NameRecords {
  if (service.vips.length === 0) return alone([])
  return {
    records: [
      { type: 'SRV', name: owner, ttl, priority: 0, weight: TOTAL_WEIGHT, port: port.port, target: domain },
    ],
    additional: addressRecords(domain, ttl, service.vips),
  }
}

/** Each address has an equal share; a target that several addresses share gets the sum of theirs. */
function headlessSrv({ view, domain, ttl }: ServiceZone, port: RegisteredPort, owner: string): NameRecords {
  const places = readyEndpoints(view).flatMap(endpoint => {
    const number = endpointPort(endpoint, port)
    if (number === undefined) return []
    return endpoint.addresses.map(address => ({
      address,
      port: number,
      target: `${endpointLabel(endpoint.hostname, address)}.${domain}`,
    }))
  })
  const share = Math.max(1, Math.floor(TOTAL_WEIGHT / places.length))
  const records = new Map<string, SrvRecord>()
  const addresses = new Map<string, string[]>()
  for (const { address, port: number, target } of places) {
    const key = `${target} ${number}`
    const weight = Math.min(65_535, (records.get(key)?.weight ?? 0) + share)
    records.set(key, { type: 'SRV', name: owner, ttl, priority: 0, weight, port: number, target })
    addresses.set(target, [...(addresses.get(target) ?? []), address])
  }
  const additional = [...addresses].flatMap(([target, list]) => addressRecords(target, ttl, list))
  return { records: [...records.values()], additional }
}
