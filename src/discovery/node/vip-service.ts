import type { Socket } from 'node:net'
import type { ServiceView } from '../registry/registry-snapshot.js'
import type { EndpointFlowStats, FlowTable } from './flow-table.js'
import { createFlowTable } from './flow-table.js'
import type { ListenError } from './listen-error.js'
import type { ConnectionContext } from './proxied-connection.js'
import { proxyConnection } from './proxied-connection.js'
import { resetConnection } from './reset-connection.js'
import type { VipFrontend, VipListenerStats } from './vip-frontend.js'
import { openVipFrontend } from './vip-frontend.js'
import type { VipRoute } from './vip-route.js'
import { createVipRoutes, proxiedPorts } from './vip-routes.js'
import type { VipSettings } from './vip-settings.js'

/** Counts of one service. */
export interface VipServiceStats {
  readonly listeners: readonly VipListenerStats[]
  readonly active: number
  readonly accepted: number
  /** Connections reset because no endpoint took them, or because the proxy was full. */
  readonly refused: number
  readonly endpoints: Readonly<Record<string, EndpointFlowStats>>
}

/** The listeners and connections of one service. */
export interface VipService {
  update(view: ServiceView): void
  /** Closes the listeners; connections live on until `end`. */
  retire(): Promise<void>
  /** Ends every connection. */
  end(): void
  opened(): Promise<readonly ListenError[]>
  stats(): VipServiceStats
  drained(endpoint: string): Promise<void>
}

export function createVipService(key: string, settings: VipSettings): VipService {
  const { env, connectTimeoutMs, maxAttempts } = settings
  const frontends = new Map<string, VipFrontend>()
  const routes = createVipRoutes(settings)
  const waiting = new Set<{ readonly endpoint: string; readonly done: () => void }>()
  let accepted = 0
  let refused = 0
  const tellDrained = (): void => {
    for (const waiter of [...waiting]) {
      if (flows.activeOf(waiter.endpoint) > 0 || routes.eligible(waiter.endpoint)) continue
      waiting.delete(waiter)
      waiter.done()
    }
  }
  const flows: FlowTable = createFlowTable(env.clock, settings.drainMs, tellDrained)
  const context: Omit<ConnectionContext, 'route'> = {
    env,
    flows,
    connectTimeoutMs,
    maxAttempts,
    connecting: new Set(),
    refused: () => refused++,
  }
  const accept = (client: Socket, route: VipRoute): void => {
    accepted++
    if (settings.admit(client)) return proxyConnection(client, { ...context, route })
    refused++
    resetConnection(client)
  }
  const retire = async (ids: readonly string[]): Promise<void> => {
    const closing = ids.flatMap(id => frontends.get(id) ?? [])
    for (const id of ids) frontends.delete(id)
    await Promise.all(closing.map(frontend => frontend.close()))
  }
  return {
    update: view => {
      routes.update(view)
      const places = placesOf(view)
      void retire([...frontends.keys()].filter(id => !places.has(id)))
      for (const [id, { vip, port }] of places) {
        const route = routes.of(port)
        if (frontends.has(id) || route === undefined) continue
        const accepted = (client: Socket): void => accept(client, route)
        frontends.set(id, openVipFrontend({ service: key, vip, port, settings, accept: accepted }))
      }
      flows.present(new Set(view.service === undefined ? [] : view.endpoints.map(endpoint => endpoint.id)))
      for (const attempt of [...context.connecting]) if (!routes.eligible(attempt.endpoint)) attempt.retry()
      tellDrained()
    },
    retire: () => retire([...frontends.keys()]),
    end: () => {
      flows.endAll()
      for (const { done } of waiting) done()
      waiting.clear()
    },
    opened: async () => {
      const errors = await Promise.all([...frontends.values()].map(frontend => frontend.opened()))
      return errors.flatMap(error => error ?? [])
    },
    stats: () => {
      const listeners = [...frontends.values()].map(frontend => frontend.stats())
      return { listeners, active: flows.active(), accepted, refused, endpoints: flows.stats() }
    },
    drained: endpoint =>
      new Promise(done => {
        waiting.add({ endpoint, done })
        tellDrained()
      }),
  }
}

/** The addresses and ports to listen on, by a text that names them. */
function placesOf(view: ServiceView): ReadonlyMap<string, { readonly vip: string; readonly port: number }> {
  const vips = view.service?.vips ?? []
  return new Map(
    proxiedPorts(view).flatMap(({ port }) => vips.map(vip => [`${vip} ${port}`, { vip, port }] as const)),
  )
}
