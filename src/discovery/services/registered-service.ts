/** Transport of a port; Kubernetes spelling. */
export type PortProtocol = 'TCP' | 'UDP' | 'SCTP'

/** One port of a service. */
export interface RegisteredPort {
  /** Empty for the single unnamed port. */
  readonly name: string
  readonly port: number
  readonly protocol: PortProtocol
}

/** Share of traffic of one revision of the tasks behind a service. */
export interface TrafficShare {
  readonly revision: string
  /** ≥ 0; shares are relative to their sum. */
  readonly weight: number
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

/** One place that serves; its ports are its own, since host ports differ from task to task. */
export interface Endpoint {
  /** Unique within its service. */
  readonly id: string
  readonly addresses: readonly string[]
  /** Service port name → port of this endpoint. A name that is missing means the service's own number. */
  readonly ports: Readonly<Record<string, number>>
  readonly hostname?: string
  readonly node?: string
  readonly zone?: string
  /** May receive new traffic. */
  readonly ready: boolean
  /** Answers, though it may be on its way out. */
  readonly serving: boolean
  readonly terminating: boolean
  /** The task revision it belongs to; compared with `TrafficShare.revision`. */
  readonly revision?: string
}

/** `namespace/name`. */
export function serviceKey(service: { readonly namespace: string; readonly name: string }): string {
  return `${service.namespace}/${service.name}`
}

/** The port on which `endpoint` serves a port of its service. */
export function endpointPort(endpoint: Endpoint, port: RegisteredPort): number {
  return endpoint.ports[port.name] ?? port.port
}
