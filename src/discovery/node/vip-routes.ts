import type { ServiceView } from '../registry/registry-snapshot.js'
import type { RegisteredPort } from '../services/registered-service.js'
import type { VipRoute, VipRouteOptions } from './vip-route.js'
import { createVipRoute } from './vip-route.js'

/** A port that can be proxied. */
export interface ProxiedPort extends RegisteredPort {
  readonly protocol: 'TCP' | 'UDP'
}

/**
 * The routes of one service, by transport and port number: where it is listened on may change while connections look for
 * an endpoint.
 */
export interface VipRoutes {
  update(view: ServiceView): void
  of(port: ProxiedPort): VipRoute | undefined
  /** Whether any port may send new traffic to the endpoint. */
  eligible(endpoint: string): boolean
}

export function createVipRoutes(options: VipRouteOptions): VipRoutes {
  const routes = new Map<string, VipRoute>()
  return {
    update: view => {
      const ports = new Map(proxiedPorts(view).map(port => [idOf(port), port]))
      for (const [id, route] of [...routes]) {
        if (ports.has(id)) continue
        route.close()
        routes.delete(id)
      }
      for (const [id, port] of ports) {
        const route = routes.get(id) ?? createVipRoute(options)
        routes.set(id, route)
        route.update(view, port)
      }
    },
    of: port => routes.get(idOf(port)),
    eligible: endpoint => [...routes.values()].some(route => route.eligible(endpoint)),
  }
}

/** The ports that are proxied. */
export function proxiedPorts({ service }: ServiceView): readonly ProxiedPort[] {
  return service?.mode === 'vip' ? service.ports.filter(isProxied) : []
}

function isProxied(port: RegisteredPort): port is ProxiedPort {
  return port.protocol === 'TCP' || port.protocol === 'UDP'
}

function idOf({ protocol, port }: ProxiedPort): string {
  return `${protocol} ${port}`
}
