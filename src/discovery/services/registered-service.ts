import type { BalancePolicy, Endpoint, TrafficShare } from '../../core/index.js'

/** Transport of a port; Kubernetes spelling. */
export type PortProtocol = 'TCP' | 'UDP' | 'SCTP'

/** One port of a service. */
export interface RegisteredPort {
  /** Empty for the single unnamed port. */
  readonly name: string
  readonly port: number
  readonly protocol: PortProtocol
  /** A port of every node that leads here too. Only with `vip`. */
  readonly nodePort?: number
}

/** A service as the registry knows it: plain data, whatever store it came from. */
export interface RegisteredService {
  /** One DNS label, or several with dots between where a framework's name has them. */
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
  /** How its connections are spread, where the proxy leaves it open. Default: as the proxy says. */
  readonly balance?: BalancePolicy
  /** Grows the share of an endpoint that became ready from a tenth to the whole in this time. Default 0. */
  readonly slowStartSeconds?: number
  /** `ClientIP` keeps each client at one endpoint. Default `None`. */
  readonly sessionAffinity?: 'None' | 'ClientIP'
  /** How long a silent client is kept. Default 10 800. */
  readonly sessionAffinityTimeoutSeconds?: number
  /** `Local`: only endpoints on the client's own node. Default `Cluster`. */
  readonly internalTrafficPolicy?: 'Cluster' | 'Local'
  /** Prefers endpoints on the client's node, or in its zone. Default: all alike. */
  readonly trafficDistribution?: 'PreferSameNode' | 'PreferSameZone' | 'PreferClose'
  /** Further names in its namespace, for profiles that have such: DNS labels. At most 64. */
  readonly aliases?: readonly string[]
  /** Networks on which it is known; absent: all. At most 64. */
  readonly networks?: readonly string[]
  /** What names are made from beside its own, as far as a profile reads them. */
  readonly labels?: Readonly<Record<string, string>>
}

/** A machine or a control process that has names of its own: an agent, a master, a Consul node. */
export interface RegisteredHost {
  /** Unique, whatever the case of its letters. */
  readonly name: string
  readonly addresses: readonly string[]
  /** What it is, such as `agent`, `master`, `leader`, `framework`. */
  readonly roles: readonly string[]
  /** Where it answers, for SRV records. */
  readonly port?: number
}

/** `namespace/name`. */
export function serviceKey(service: { readonly namespace: string; readonly name: string }): string {
  return `${service.namespace}/${service.name}`
}

/** The port on which `endpoint` serves a port of its service; undefined when it does not serve it. */
export function endpointPort({ ports }: Endpoint, port: RegisteredPort): number | undefined {
  // A port may be called `constructor`, which every object inherits.
  if (Object.hasOwn(ports, port.name)) return ports[port.name]
  for (const _name in ports) return undefined
  return port.port
}
