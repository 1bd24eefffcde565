import type { Endpoint, EndpointConditions } from '../../core/index.js'

/** What is known about a task. */
export interface TaskReadiness {
  readonly ready: boolean
  readonly deleting: boolean
  readonly publishNotReady: boolean
}

/** The three conditions of an endpoint; Kubernetes' rules. */
export function endpointConditions({ ready, deleting, publishNotReady }: TaskReadiness): EndpointConditions {
  return { ready: publishNotReady || (ready && !deleting), serving: ready, terminating: deleting }
}

/** Which endpoints count: all, or those on one node. */
export type TrafficScope = { readonly kind: 'cluster' } | { readonly kind: 'node'; readonly node: string }

/**
 * The endpoints that may get a new connection: the ready ones in scope; when there is none, those in scope that
 * are on their way out and still answer. Kubernetes' rules (pkg/proxy/topology.go).
 */
export function eligibleEndpoints(
  endpoints: readonly Endpoint[],
  scope: TrafficScope = { kind: 'cluster' },
): readonly Endpoint[] {
  const inScope =
    scope.kind === 'cluster' ? endpoints : endpoints.filter(endpoint => endpoint.nodeName === scope.node)
  const ready = inScope.filter(({ conditions }) => conditions.ready)
  return ready.length > 0
    ? ready
    : inScope.filter(({ conditions }) => conditions.serving && conditions.terminating)
}
