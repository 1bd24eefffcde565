import type { Endpoint, Registry } from 'keelson/discovery'
import { createRegistry, kubernetesNames } from 'keelson/discovery'
import { encodeDnsMessage } from '../../src/discovery/dns/dns-encode.js'
import { dnsQuery } from '../../src/discovery/dns/dns-message.js'

export const conditions = { ready: true, serving: true, terminating: false }
export const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const

export function endpointOf(service: number, n: number): Endpoint {
  const id = service * 100 + n
  return {
    id: `e${String(n).padStart(3, '0')}`,
    addresses: [`10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`],
    ports: { http: 8080 },
    conditions,
  }
}

export function endpointsOf(service: number, count = 100): readonly Endpoint[] {
  return Array.from({ length: count }, (_, n) => endpointOf(service, n))
}

export function nameOf(service: number): string {
  return `s${service}.prod.svc.cluster.local.`
}

export function vipOf(service: number): string {
  return `10.96.${service >> 8}.${service & 255}`
}

/** So many services with a virtual address each. */
export function registryOf(size: number): Registry {
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  for (let service = 0; service < size; service++)
    registry.apply(1, [
      {
        op: 'set-service',
        service: { namespace: 'prod', name: `s${service}`, mode: 'vip', vips: [vipOf(service)], ports },
      },
    ])
  registry.apply(1, [{ op: 'synced' }])
  return registry
}

/** One service without a virtual address for each list of endpoints. */
export function headlessRegistryOf(endpoints: readonly (readonly Endpoint[])[]): Registry {
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  for (const [service, list] of endpoints.entries()) addHeadless(registry, service, list)
  registry.apply(registry.revision, [{ op: 'synced' }])
  return registry
}

export function addHeadless(registry: Registry, service: number, endpoints: readonly Endpoint[]): void {
  const name = `s${service}`
  registry.apply(registry.revision + 1, [
    { op: 'set-service', service: { namespace: 'prod', name, mode: 'headless', vips: [], ports } },
    { op: 'set-endpoints', service: `prod/${name}`, slice: 's', endpoints },
  ])
}

/** Writes a service that none of the questions is about. */
export function changeAnother(registry: Registry): void {
  registry.apply(registry.revision + 1, [
    { op: 'set-service', service: { namespace: 'other', name: 'x', mode: 'vip', vips: [], ports } },
  ])
}

/** A question for an A record, with EDNS. */
export function requestFor(name: string, id = 1): Buffer {
  const bytes = encodeDnsMessage({
    ...dnsQuery(id, { name, typeCode: 1 }),
    edns: { udpSize: 4096, version: 0, dnssecOk: false },
  })
  return Buffer.from(bytes)
}
