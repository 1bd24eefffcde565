import type { BalancePolicy } from '../balance/balance-policy.js'
import { createBalancer } from '../balance/balance-policy.js'
import type { Balancer } from '../balance/balancer.js'
import { trafficCandidates } from '../balance/traffic-weights.js'
import type { ServiceView } from '../registry/registry-snapshot.js'
import { eligibleEndpoints } from '../services/endpoint-conditions.js'
import type { RegisteredPort } from '../services/registered-service.js'
import { endpointPort } from '../services/registered-service.js'

/** Where a connection goes. */
export interface Upstream {
  readonly endpoint: string
  readonly host: string
  readonly port: number
}

/** Chooses endpoints for one port of one service, always by the newest view. */
export interface VipRoute {
  /** Takes over a new view; later picks follow it. */
  update(view: ServiceView, port: RegisteredPort): void
  /** The port is no longer served: nothing is eligible. */
  close(): void
  /** An endpoint that is not in `tried`; undefined when there is none. */
  pick(active: (endpoint: string) => number, tried: ReadonlySet<string>): Upstream | undefined
  eligible(endpoint: string): boolean
}

export function createVipRoute(policy: BalancePolicy): VipRoute {
  let upstreams: ReadonlyMap<string, Upstream> = new Map()
  const balancer: Balancer = createBalancer(policy)
  return {
    update: (view, port) => {
      const serving = view.endpoints.filter(
        endpoint => endpoint.addresses.length > 0 && endpointPort(endpoint, port) !== undefined,
      )
      const endpoints = eligibleEndpoints(serving)
      upstreams = new Map(
        endpoints.map(endpoint => [
          endpoint.id,
          {
            endpoint: endpoint.id,
            host: endpoint.addresses[0] ?? '',
            port: endpointPort(endpoint, port) ?? port.port,
          },
        ]),
      )
      balancer.update(trafficCandidates(endpoints, view.service?.backends))
    },
    close: () => {
      upstreams = new Map()
      balancer.update([])
    },
    pick: (active, tried) => {
      const endpoint = balancer.pick({ active, excluded: tried })
      return endpoint === undefined ? undefined : upstreams.get(endpoint)
    },
    eligible: endpoint => upstreams.has(endpoint),
  }
}
