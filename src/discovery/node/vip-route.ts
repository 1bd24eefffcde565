import type { BalancePolicy, Env } from '../../core/index.js'
import { createBalancer } from '../balance/balance-policy.js'
import type { Balancer } from '../balance/balancer.js'
import type { ClientAffinity } from '../balance/client-affinity.js'
import { createClientAffinity } from '../balance/client-affinity.js'
import { routeFor } from '../balance/route.js'
import type { ServiceView } from '../registry/registry-snapshot.js'
import type { RegisteredPort } from '../services/registered-service.js'
import { endpointPort } from '../services/registered-service.js'

/** Where a connection goes. */
export interface Upstream {
  readonly endpoint: string
  readonly host: string
  readonly port: number
}

/** Who asks for an upstream. */
export interface VipPick {
  /** The client's address. */
  readonly client: string
  /** Open connections of an endpoint. */
  readonly active: (endpoint: string) => number
  /** Endpoints that did not take the connection. Default none. */
  readonly tried?: ReadonlySet<string>
}

/** Chooses endpoints for one port of one service, always by the newest view. */
export interface VipRoute {
  /** Takes over a new view; later picks follow it. */
  update(view: ServiceView, port: RegisteredPort): void
  /** The port is no longer served: nothing is eligible. */
  close(): void
  /** An endpoint that is not in `tried`; undefined when there is none. */
  pick(request: VipPick): Upstream | undefined
  eligible(endpoint: string): boolean
  /** Whether a new connection may still go there: the endpoint is eligible, at the same address and port. */
  leadsTo(upstream: Upstream): boolean
}

/** What all routes of a proxy share. */
export interface VipRouteOptions {
  readonly env: Env
  /** Where a service does not say. */
  readonly policy: BalancePolicy
  /** The node of the proxy's clients. */
  readonly nodeName: string | undefined
  readonly zone: string | undefined
}

/** How often growing shares are looked at. */
const SLOW_START_STEP_MS = 500

export function createVipRoute(options: VipRouteOptions): VipRoute {
  const { env, nodeName, zone } = options
  const place = { ...(nodeName === undefined ? {} : { nodeName }), ...(zone === undefined ? {} : { zone }) }
  let upstreams: ReadonlyMap<string, Upstream> = new Map()
  let policy = options.policy
  let balancer: Balancer = createBalancer(policy, env.random)
  let affinity: ClientAffinity | undefined
  /** When each endpoint became eligible here; those of the first view are not new. */
  let readySince = new Map<string, number>()
  let isFirst = true
  let current: { readonly view: ServiceView; readonly port: RegisteredPort } | undefined
  let refreshAtMs = Number.POSITIVE_INFINITY
  const weigh = (): void => {
    const service = current?.view.service
    if (current === undefined || service === undefined) return
    const { view, port } = current
    const nowMs = env.clock.monotonic()
    const readySinceMs = (endpoint: string): number => readySince.get(endpoint) ?? nowMs
    const { candidates } = routeFor(service, view.endpoints, { ...place, port, nowMs }, { readySinceMs })
    balancer.update(candidates)
    const ids = new Set(candidates.map(({ id }) => id))
    upstreams = upstreamsOf(view, port, ids)
    const windowMs = (service.slowStartSeconds ?? 0) * 1000
    const isGrowing = [...ids].some(id => nowMs - readySinceMs(id) < windowMs)
    refreshAtMs = isGrowing ? nowMs + SLOW_START_STEP_MS : Number.POSITIVE_INFINITY
    const long = Number.NEGATIVE_INFINITY
    readySince = new Map([...ids].map(id => [id, isFirst ? long : (readySince.get(id) ?? nowMs)]))
    isFirst = isFirst && ids.size === 0
    affinity?.update(ids)
  }
  return {
    update: (view, port) => {
      current = { view, port }
      const wanted = view.service?.balance ?? options.policy
      if (wanted !== policy) {
        policy = wanted
        balancer = createBalancer(policy, env.random)
      }
      affinity = affinityOf(view, affinity)
      weigh()
    },
    close: () => {
      current = undefined
      refreshAtMs = Number.POSITIVE_INFINITY
      upstreams = new Map()
      balancer.update([])
    },
    pick: ({ client, active, tried }) => {
      const nowMs = env.clock.monotonic()
      if (nowMs >= refreshAtMs) weigh()
      const kept = affinity?.find(client, nowMs)
      if (kept !== undefined && tried?.has(kept) !== true) return upstreams.get(kept)
      const endpoint = balancer.pick({
        active,
        key: client,
        ...(tried === undefined ? {} : { excluded: tried }),
      })
      if (endpoint === undefined) return undefined
      affinity?.keep(client, endpoint, nowMs)
      return upstreams.get(endpoint)
    },
    eligible: endpoint => upstreams.has(endpoint),
    leadsTo: ({ endpoint, host, port }) => {
      const now = upstreams.get(endpoint)
      return now?.host === host && now.port === port
    },
  }
}

function upstreamsOf(
  { endpoints }: ServiceView,
  port: RegisteredPort,
  ids: ReadonlySet<string>,
): ReadonlyMap<string, Upstream> {
  const chosen = endpoints.filter(({ id }) => ids.has(id))
  return new Map(
    chosen.map(endpoint => {
      const [host = ''] = endpoint.addresses
      return [endpoint.id, { endpoint: endpoint.id, host, port: endpointPort(endpoint, port) ?? port.port }]
    }),
  )
}

/** The table of before, unless the service wants none or another time. */
function affinityOf(
  { service }: ServiceView,
  before: ClientAffinity | undefined,
): ClientAffinity | undefined {
  if (service?.sessionAffinity !== 'ClientIP') return undefined
  const timeoutMs = (service.sessionAffinityTimeoutSeconds ?? 10_800) * 1000
  return before?.timeoutMs === timeoutMs ? before : createClientAffinity({ timeoutMs })
}
