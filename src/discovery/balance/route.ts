import type { Endpoint } from '../../core/index.js'
import { eligibleEndpoints } from '../services/endpoint-conditions.js'
import type { RegisteredPort, RegisteredService } from '../services/registered-service.js'
import { endpointPort } from '../services/registered-service.js'
import type { Candidate } from './balancer.js'
import { slowStartShare } from './slow-start-share.js'
import { trafficCandidates } from './traffic-weights.js'

/** Who wants to connect, and where to. */
export interface RouteRequest {
  /** The node and the zone of the client, as far as they are known. */
  readonly nodeName?: string
  readonly zone?: string
  /** The port of the service. Default: any, endpoints of all ports are candidates. */
  readonly port?: RegisteredPort
  /** Needed by slow start. Default 0. */
  readonly nowMs?: number
}

/** What else decides. */
export interface RoutePolicy {
  /** Endpoints that were found bad by their answers; see `createOutlierDetection`. Default none. */
  readonly ejected?: ReadonlySet<string>
  /** When each endpoint became ready, for slow start. Default: long ago. */
  readonly readySinceMs?: (endpoint: string) => number
  /**
   * Share of endpoints in working order below which the ejected ones are used too: then the judgement is more likely wrong
   * than most of the service. 0 to 1, default 0.5.
   */
  readonly panicShare?: number
  /**
   * The nearest place is used alone only while its endpoints get at most this much more than an even share of all traffic
   * would be: with 0.2, a zone with 1 of 10 endpoints is used by its clients if they are at most 12 %. Default: the
   * nearest place with an endpoint is used whatever its size.
   */
  readonly overload?: { readonly margin: number; readonly clientShare: (zone: string) => number }
}

/** Why an endpoint is no candidate. */
export type RouteRejection =
  | 'NoAddress'
  | 'PortNotServed'
  | 'NotReady'
  | 'Terminating'
  | 'OnAnotherNode'
  | 'Farther'
  | 'Ejected'
  | 'NoShare'

/** What is decided about one endpoint. */
export interface EndpointVerdict {
  readonly endpoint: string
  /** Its share of new connections, 0 to 1; 0 with a reason why. */
  readonly share: number
  readonly reason?: RouteRejection
}

/** The candidates for new connections, and what became of every endpoint. */
export interface Route {
  readonly candidates: readonly Candidate[]
  readonly verdicts: readonly EndpointVerdict[]
  /** True when ejected endpoints are used for want of others. */
  readonly panic: boolean
}

const PANIC_SHARE = 0.5

/**
 * Decides which endpoints of a service a client's new connections may go to, and with which weights: those that serve the
 * port; of these the ready ones, or those that still answer where none is; on the client's node alone under
 * `internalTrafficPolicy: Local`, else the nearest place by `trafficDistribution`; without the ejected ones; by shares of
 * templates and weights. Pure; the verdicts say of every endpoint why.
 */
export function routeFor(
  service: RegisteredService,
  endpoints: readonly Endpoint[],
  request: RouteRequest = {},
  policy: RoutePolicy = {},
): Route {
  const reasons = new Map<string, RouteRejection>()
  const keep = (list: readonly Endpoint[], reason: RouteRejection, holds: (endpoint: Endpoint) => boolean) =>
    list.filter(endpoint => {
      const isKept = holds(endpoint)
      if (!isKept) reasons.set(endpoint.id, reason)
      return isKept
    })
  const { port, nodeName, nowMs = 0 } = request
  const reachable = keep(endpoints, 'NoAddress', ({ addresses }) => addresses.length > 0)
  const serving = keep(
    reachable,
    'PortNotServed',
    endpoint => port === undefined || endpointPort(endpoint, port) !== undefined,
  )
  const isLocal = service.internalTrafficPolicy === 'Local'
  const here = isLocal
    ? keep(serving, 'OnAnotherNode', endpoint => nodeName !== undefined && endpoint.nodeName === nodeName)
    : serving
  const able = new Set(eligibleEndpoints(here))
  for (const endpoint of here)
    if (!able.has(endpoint))
      reasons.set(endpoint.id, endpoint.conditions.terminating ? 'Terminating' : 'NotReady')
  const near = nearest([...able], service, request, policy)
  const isNear = new Set(near)
  for (const endpoint of able) if (!isNear.has(endpoint)) reasons.set(endpoint.id, 'Farther')
  const { ejected = new Set<string>(), panicShare = PANIC_SHARE } = policy
  const good = near.filter(({ id }) => !ejected.has(id))
  const panic = near.length > 0 && good.length < near.length && good.length / near.length < panicShare
  const used = panic ? near : keep(near, 'Ejected', ({ id }) => !ejected.has(id))
  const windowMs = (service.slowStartSeconds ?? 0) * 1000
  const candidates = trafficCandidates(used, service.backends).map(candidate => {
    const since = policy.readySinceMs?.(candidate.id) ?? Number.NEGATIVE_INFINITY
    const share = slowStartShare(nowMs - since, windowMs)
    return share === 1 ? candidate : { ...candidate, weight: candidate.weight * share }
  })
  return { candidates, panic, verdicts: verdictsOf(endpoints, candidates, reasons) }
}

function verdictsOf(
  endpoints: readonly Endpoint[],
  candidates: readonly Candidate[],
  reasons: ReadonlyMap<string, RouteRejection>,
): readonly EndpointVerdict[] {
  const weights = new Map(candidates.map(({ id, weight }) => [id, weight]))
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0)
  return endpoints.map(({ id }) => {
    const weight = weights.get(id) ?? 0
    const isAlike = total === 0 && weights.has(id)
    const share = isAlike ? 1 / candidates.length : weight === 0 ? 0 : weight / total
    return share > 0 ? { endpoint: id, share } : { endpoint: id, share, reason: reasons.get(id) ?? 'NoShare' }
  })
}

/** Those on the client's node, in its zone, or all: the first place that has any and is not overloaded. */
function nearest(
  endpoints: readonly Endpoint[],
  { trafficDistribution }: RegisteredService,
  { nodeName, zone }: RouteRequest,
  { overload }: RoutePolicy,
): readonly Endpoint[] {
  if (trafficDistribution === undefined || endpoints.length === 0) return endpoints
  const onNode = endpoints.filter(endpoint => nodeName !== undefined && endpoint.nodeName === nodeName)
  if (trafficDistribution === 'PreferSameNode' && onNode.length > 0) return onNode
  const inZone = endpoints.filter(endpoint => zone !== undefined && endpoint.zone === zone)
  if (inZone.length === 0 || zone === undefined) return endpoints
  if (overload === undefined) return inZone
  const fair = inZone.length / endpoints.length
  return overload.clientShare(zone) <= fair * (1 + overload.margin) ? inZone : endpoints
}

/**
 * For every endpoint of the service: its share of the client's new connections, or why it gets none.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { explainRoute } from 'keelson/discovery/balance'
 *
 * const service = { namespace: 'prod', name: 'web', mode: 'vip', vips: ['10.96.0.1'], ports: [] } as const
 * const endpoint = (id: string, ready: boolean) =>
 *   ({ id, addresses: ['10.0.0.1'], ports: {}, conditions: { ready, serving: true, terminating: !ready } })
 * assert.deepEqual(explainRoute(service, [endpoint('a', true), endpoint('b', false)]), [
 *   { endpoint: 'a', share: 1 },
 *   { endpoint: 'b', share: 0, reason: 'Terminating' },
 * ])
 * ```
 */
export function explainRoute(
  service: RegisteredService,
  endpoints: readonly Endpoint[],
  request: RouteRequest = {},
  policy: RoutePolicy = {},
): readonly EndpointVerdict[] {
  return routeFor(service, endpoints, request, policy).verdicts
}
