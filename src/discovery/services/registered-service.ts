import type { Endpoint, TrafficShare } from '../../core/index.js'

/** Transport of a port; Kubernetes spelling. */
export type PortProtocol = 'TCP' | 'UDP' | 'SCTP'

/** One port of a service. */
export interface RegisteredPort {
  /** Empty for the single unnamed port. */
  readonly name: string
  readonly port: number
  readonly protocol: PortProtocol
}

/** A service as the registry knows it: plain data, whatever store it came from. */
export interface RegisteredService {
  readonly namespace: string
  readonly name: string
  /** `vip`: the name means its addresses; `headless`: its endpoints; `external`: another name. */
  readonly mode: 'vip' | 'headless' | 'external'
  /** Virtual addresses; empty until they are allocated. Only with `vip`. */
  readonly vips: readonly string[]
  readonly ports: readonly RegisteredPort[]
  /** Only with `external`. */
  readonly externalName?: string
  /** Overrides the profile's TTL. */
  readonly ttlSeconds?: number
  /** Absent: every endpoint has the same share. */
  readonly backends?: readonly TrafficShare[]
}

/** `namespace/name`. */
export function serviceKey(service: { readonly namespace: string; readonly name: string }): string {
  return `${service.namespace}/${service.name}`
}

/** The port on which `endpoint` serves a port of its service; undefined when it does not serve it. */
export function endpointPort({ ports }: Endpoint, port: RegisteredPort): number | undefined {
  const own = ports[port.name]
  if (own !== undefined) return own
  for (const _name in ports) return undefined
  return port.port
}
