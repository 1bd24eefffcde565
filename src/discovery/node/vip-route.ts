import type { Endpoint } from '../../core/index.js'
import type { ServiceView } from '../registry/registry-snapshot.js'
import type { BalancePolicy, Balancer } from '../services/balance.js'
import { createBalancer, endpointWeights } from '../services/balance.js'
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
  /** An endpoint that is not in `tried`; undefined when there is none. */
  pick(active: (endpoint: string) => number, tried: ReadonlySet<string>): Upstream | undefined
  eligible(endpoint: string): boolean
}

export function createVipRoute(policy: BalancePolicy): VipRoute {
  let candidates: readonly Upstream[] = []
  let eligible: ReadonlySet<string> = new Set()
  let balancer: Balancer = createBalancer(policy, [])
  let picks = 0
  return {
    update: (view, port) => {
      const endpoints = eligibleEndpoints(view.endpoints).filter(endpoint => endpoint.addresses.length > 0)
      candidates = endpoints.map(endpoint => upstreamOf(endpoint, port))
      eligible = new Set(candidates.map(candidate => candidate.endpoint))
      balancer = createBalancer(policy, endpointWeights(endpoints, view.service?.backends), picks)
    },
    pick: (active, tried) => {
      const excluded = new Set<number>()
      if (tried.size > 0)
        for (const [i, { endpoint }] of candidates.entries()) if (tried.has(endpoint)) excluded.add(i)
      const index = balancer.pick(i => active((candidates[i] as Upstream).endpoint), excluded)
      if (index < 0) return undefined
      picks++
      return candidates[index]
    },
    eligible: endpoint => eligible.has(endpoint),
  }
}

function upstreamOf(endpoint: Endpoint, port: RegisteredPort): Upstream {
  return { endpoint: endpoint.id, host: endpoint.addresses[0] as string, port: endpointPort(endpoint, port) }
}
