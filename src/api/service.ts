import type { BalancePolicy, Condition, TrafficShare } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { serviceNameAdmission, serviceProblems } from './service-admission.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema, serviceSpecSchema } from './spec-schemas.js'

/** One port of a service. */
export interface ServicePort {
  /** Required when there are several; the `_name` of SRV records. */
  readonly name?: string
  readonly port: number
  /** Number or name of a task port. Default: `port`. */
  readonly targetPort?: number | string
  readonly protocol?: 'TCP' | 'UDP'
  /**
   * A port of every node that leads here too, for clients without a route to virtual addresses; 0: one is allocated and
   * written here. Only in mode `vip`. Default: none.
   */
  readonly nodePort?: number
}

/** How a set of tasks is reached under one name. */
export interface ServiceSpec {
  /** Labels of the tasks behind the service. Absent: another writer keeps its EndpointSlices. */
  readonly selector?: Readonly<Record<string, string>>
  readonly ports?: readonly ServicePort[]
  /**
   * `vip`: one virtual address; `headless`: the name gives the endpoints; `external`: an alias of `externalName`.
   * Default `vip`.
   */
  readonly mode?: 'vip' | 'headless' | 'external'
  /** Virtual addresses; filled in from an address pool when absent. */
  readonly clusterIPs?: readonly string[]
  readonly externalName?: string
  /** Publish endpoints before they are ready. Default false. */
  readonly publishNotReadyAddresses?: boolean
  /** Shares of traffic by template; absent: every ready endpoint alike. */
  readonly backends?: readonly TrafficShare[]
  /** TTL of its names. Default: the naming profile's. */
  readonly ttlSeconds?: number
  /** Further names in its namespace, for naming profiles that have such; each one DNS label. */
  readonly aliases?: readonly string[]
  /** Networks on which it is known by name; absent: all. */
  readonly networks?: readonly string[]
  /** Families of its virtual addresses, all of them or none. Default: the first of its pool. */
  readonly families?: readonly ('IPv4' | 'IPv6')[]
  /** Name of the pool of its virtual addresses. Default: the first that has the family. */
  readonly addressPool?: string
  /** How a connection finds its endpoint. Default: as the proxy says. */
  readonly balance?: BalancePolicy
  /** Seconds in which an endpoint that became ready grows to its whole share. Default 0. */
  readonly slowStartSeconds?: number
  /** `ClientIP` keeps each client at one endpoint. Default `None`. */
  readonly sessionAffinity?: 'None' | 'ClientIP'
  /** Seconds after which a silent client is no longer kept. Default 10 800. */
  readonly sessionAffinityTimeoutSeconds?: number
  /** `Local`: only endpoints on the client's node. Default `Cluster`. */
  readonly internalTrafficPolicy?: 'Cluster' | 'Local'
  /** Prefers near endpoints. Default: all alike. */
  readonly trafficDistribution?: 'PreferSameNode' | 'PreferSameZone' | 'PreferClose'
}

/** Nothing is reported yet; conditions will be. */
export interface ServiceStatus {
  readonly conditions?: readonly Condition[]
}

export type Service = StoredObject<ServiceSpec, ServiceStatus>

/** A stable name and address for changing tasks. */
export const Service: Kind<ServiceSpec, ServiceStatus, 'Service'> = /* @__PURE__ */ defineKind<
  ServiceSpec,
  ServiceStatus,
  'Service'
>({
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(serviceSpecSchema),
  indexes: { selector: ({ spec }) => selectorPair(spec.selector) },
  admission: [
    serviceNameAdmission,
    /* @__PURE__ */ specAdmission<ServiceSpec, ServiceStatus>(serviceProblems),
  ],
})

/** One pair of the selector, by which the services of a task are found. */
function selectorPair(selector: Readonly<Record<string, string>> = {}): string | undefined {
  const label = Object.keys(selector).sort()[0]
  return label === undefined ? undefined : `${label}=${selector[label]}`
}
