import type { ServiceView } from '../registry/registry-snapshot.js'
import type { RegisteredPort } from '../services/registered-service.js'
import type { VipRoute, VipRouteOptions } from './vip-route.js'
import { createVipRoute } from './vip-route.js'

/** The routes of one service, by port number: where it is listened on may change while connections look for an endpoint. */
export interface VipRoutes {
  update(view: ServiceView): void
  of(port: number): VipRoute | undefined
  /** Whether any port may send new traffic to the endpoint. */
  eligible(endpoint: string): boolean
}

export function createVipRoutes(options: VipRouteOptions): VipRoutes {
  const routes = new Map<number, VipRoute>()
  return {
    update: view => {
      const ports = new Map(proxiedPorts(view).map(port => [port.port, port]))
      for (const [number, route] of [...routes]) {
        if (ports.has(number)) continue
        route.close()
        routes.delete(number)
      }
      for (const [number, port] of ports) {
        const route = routes.get(number) ?? createVipRoute(options)
        routes.set(number, route)
        route.update(view, port)
      }
    },
    of: port => routes.get(port),
    eligible: endpoint => [...routes.values()].some(route => route.eligible(endpoint)),
  }
}

/** The ports that are proxied. */
export function proxiedPorts({ service }: ServiceView): readonly RegisteredPort[] {
  return service?.mode === 'vip' ? service.ports.filter(port => port.protocol === 'TCP') : []
}
