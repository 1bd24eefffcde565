import type { Socket } from 'node:net'
import type { ServiceView } from '../registry/registry-snapshot.js'
import { endpointPort } from '../services/registered-service.js'
import { acceptProxyHeader, socketEnds } from './accept-proxy-header.js'
import type { DrainWaitOptions, DrainWaitReport } from './drain-waits.js'
import { DrainWaits } from './drain-waits.js'
import type { EndpointFlowStats } from './flow-table.js'
import { FlowTable } from './flow-table.js'
import type { ListenError } from './listen-error.js'
import type { ConnectionContext } from './proxied-connection.js'
import { proxyConnection } from './proxied-connection.js'
import type { ConnectionEnds } from './proxy-protocol.js'
import { resetConnection } from './reset-connection.js'
import { UdpPort } from './udp-port.js'
import type { VipFrontend, VipListenerStats } from './vip-frontend.js'
import { openVipFrontend } from './vip-frontend.js'
import type { Arrivals } from './vip-listener.js'
import type { VipRoute } from './vip-route.js'
import type { ProxiedPort } from './vip-routes.js'
import { createVipRoutes, proxiedPorts } from './vip-routes.js'
import type { VipSettings } from './vip-settings.js'
import { createRoom } from './vip-settings.js'

/** Why a connection was reset, or a datagram dropped. */
export type VipRefusal = keyof typeof NO_REFUSALS

const NO_REFUSALS = {
  /** No endpoint took it: none is eligible, those tried did not accept, or each has all that one may have. */
  'no-endpoint': 0,
  /** The proxy has all the connections that it may have. */
  'proxy-full': 0,
  /** The service has. */
  'service-full': 0,
  /** It had to begin with a header of the PROXY protocol, and did not. */
  'no-proxy-header': 0,
  /** This process may open no more files and sockets. */
  'no-descriptor': 0,
}

/** A lack of file descriptors is logged so often. */
const COMPLAIN_EVERY_MS = 10_000

/** Counts of one service. */
export interface VipServiceStats {
  readonly listeners: readonly VipListenerStats[]
  /** Open connections and flows of datagrams. */
  readonly active: number
  /** Connections and flows so far. */
  readonly accepted: number
  /** Connections reset and datagrams dropped; `refusals` says why. */
  readonly refused: number
  readonly refusals: Readonly<Record<VipRefusal, number>>
  /** Flows of datagrams ended to make room for others. */
  readonly evicted: number
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
  drained(endpoint: string, options?: DrainWaitOptions): Promise<DrainWaitReport>
  /** A flow of it ends to make room. */
  evicted(): void
}

export function createVipService(key: string, settings: VipSettings): VipService {
  return new ProxiedService(key, settings)
}

interface Place {
  /** A virtual address, or one of this node. */
  readonly address: string
  /** The port there. */
  readonly number: number
  readonly isNode: boolean
  readonly port: ProxiedPort
}

interface Frontend {
  readonly frontend: VipFrontend
  /** Where the datagrams go that it receives. */
  readonly udp: { readonly port: ProxiedPort; readonly flows: UdpPort } | undefined
}

class ProxiedService implements VipService {
  readonly #key: string
  readonly #settings: VipSettings
  readonly #frontends = new Map<string, Frontend>()
  readonly #routes
  readonly #waiting
  /** Connections whose header is awaited. */
  readonly #announced = new Set<Socket>()
  readonly #flows: FlowTable
  readonly #room
  readonly #context: Omit<ConnectionContext, 'route'>
  readonly #refusals: Record<VipRefusal, number> = { ...NO_REFUSALS }
  #accepted = 0
  #evicted = 0
  #complainAgainMs = Number.NEGATIVE_INFINITY

  constructor(key: string, settings: VipSettings) {
    const { env, drainMs, perEndpointMax, perServiceMax, connectTimeoutMs, maxAttempts } = settings
    this.#key = key
    this.#settings = settings
    this.#routes = createVipRoutes(settings)
    this.#room = createRoom(perServiceMax)
    this.#flows = new FlowTable(env.clock, { drainMs, perEndpointMax }, () => this.#waiting.tell())
    this.#waiting = new DrainWaits(env.clock, {
      active: this.#flows.activeOf,
      isEligible: this.#routes.eligible,
    })
    this.#context = {
      env,
      flows: this.#flows,
      connectTimeoutMs,
      maxAttempts,
      connecting: new Set(),
      sendsProxyHeader: settings.sendsProxyHeader(key),
      refused: () => this.#refusals['no-endpoint']++,
      outOfDescriptors: error => this.#outOfDescriptors(error),
    }
  }

  update(view: ServiceView): void {
    this.#routes.update(view)
    const places = placesOf(view, this.#settings.nodePortAddresses)
    void this.#close([...this.#frontends.keys()].filter(id => !places.has(id)))
    for (const [id, place] of places) {
      const route = this.#routes.of(place.port)
      if (!this.#frontends.has(id) && route !== undefined) this.#frontends.set(id, this.#open(place, route))
    }
    // Before the revision is acknowledged: what sends datagrams may never hear that an endpoint is gone.
    for (const { udp } of this.#frontends.values()) udp?.flows.update(endpointPlaces(view, udp.port))
    const endpoints = view.service === undefined ? [] : view.endpoints
    this.#flows.present(new Map(endpoints.map(({ id, drainDeadlineMs }) => [id, drainDeadlineMs])))
    for (const attempt of [...this.#context.connecting]) attempt.recheck()
    this.#waiting.tell()
  }

  retire(): Promise<void> {
    return this.#close([...this.#frontends.keys()])
  }

  end(): void {
    for (const client of [...this.#announced]) resetConnection(client)
    this.#flows.endAll()
    this.#waiting.close()
  }

  async opened(): Promise<readonly ListenError[]> {
    const errors = await Promise.all([...this.#frontends.values()].map(({ frontend }) => frontend.opened()))
    return errors.flatMap(error => error ?? [])
  }

  stats(): VipServiceStats {
    return {
      listeners: [...this.#frontends.values()].map(({ frontend }) => frontend.stats()),
      active: this.#flows.active(),
      accepted: this.#accepted,
      refused: Object.values(this.#refusals).reduce((sum, count) => sum + count, 0),
      refusals: { ...this.#refusals },
      evicted: this.#evicted,
      endpoints: this.#flows.stats(),
    }
  }

  drained(endpoint: string, options: DrainWaitOptions = {}): Promise<DrainWaitReport> {
    return this.#waiting.wait(endpoint, options)
  }

  evicted(): void {
    this.#evicted++
  }

  #open({ address: vip, number, isNode, port }: Place, route: VipRoute): Frontend {
    const { env, udpFlows, udpIdleMs, bind } = this.#settings
    const flows = new UdpPort({
      service: this.#key,
      route,
      flows: this.#flows,
      udpFlows,
      clock: env.clock,
      refusedMs: udpIdleMs,
      opened: () => this.#accepted++,
      refused: () => this.#refusals['no-endpoint']++,
      outOfDescriptors: error => this.#outOfDescriptors(error),
    })
    const arrivals: Arrivals =
      port.protocol === 'TCP'
        ? { protocol: 'TCP', accept: client => this.#accept(client, route) }
        : { protocol: 'UDP', receive: (bytes, from, send) => flows.receive(bytes, from, send) }
    const where = isNode ? { host: vip, port: number } : bind(vip, number, port.protocol)
    const options = {
      service: this.#key,
      vip,
      port: number,
      where,
      settings: this.#settings,
      arrivals,
      acceptFailed: (error: Error) => this.#outOfDescriptors(error),
    }
    return { frontend: openVipFrontend(options), udp: port.protocol === 'UDP' ? { port, flows } : undefined }
  }

  async #close(ids: readonly string[]): Promise<void> {
    const closing = ids.flatMap(id => this.#frontends.get(id) ?? [])
    for (const id of ids) this.#frontends.delete(id)
    // Answers could not be sent any more.
    for (const { udp } of closing) udp?.flows.end()
    await Promise.all(closing.map(({ frontend }) => frontend.close()))
  }

  #accept(client: Socket, route: VipRoute): void {
    const { room, env, connectTimeoutMs } = this.#settings
    this.#accepted++
    if (!room.take()) return this.#refuse(client, 'proxy-full')
    if (!this.#room.take()) {
      room.free()
      return this.#refuse(client, 'service-full')
    }
    client.once('close', () => {
      room.free()
      this.#room.free()
    })
    client.on('error', () => client.destroy())
    const proxy = (ends: ConnectionEnds): void => proxyConnection(client, ends, { ...this.#context, route })
    if (!this.#settings.hasProxyHeader(client.remoteAddress ?? '')) return proxy(socketEnds(client))
    this.#announced.add(client)
    client.once('close', () => this.#announced.delete(client))
    acceptProxyHeader(client, { clock: env.clock, timeoutMs: connectTimeoutMs }, ends => {
      this.#announced.delete(client)
      if (ends === undefined) this.#refuse(client, 'no-proxy-header')
      else proxy(ends)
    })
  }

  /** Said once until there was time to do something about it; each one is counted. */
  #outOfDescriptors(error: Error): void {
    this.#refusals['no-descriptor']++
    const { env } = this.#settings
    const nowMs = env.clock.monotonic()
    if (nowMs < this.#complainAgainMs) return
    this.#complainAgainMs = nowMs + COMPLAIN_EVERY_MS
    env.logger.warn(
      { error, service: this.#key },
      'no file descriptor is left; raise the limit of open files',
    )
  }

  #refuse(client: Socket, why: VipRefusal): void {
    this.#refusals[why]++
    resetConnection(client)
  }
}

/** The addresses and ports to listen on, by a text that names them and the port of the service. */
function placesOf(view: ServiceView, nodeAddresses: readonly string[]): ReadonlyMap<string, Place> {
  const places = proxiedPorts(view).flatMap((port): Place[] => {
    const virtual = view.service?.vips ?? []
    const { nodePort } = port
    const onNode = nodePort === undefined ? [] : nodeAddresses
    return [
      ...virtual.map(address => ({ address, number: port.port, isNode: false, port })),
      ...onNode.map(address => ({ address, number: nodePort ?? 0, isNode: true, port })),
    ]
  })
  return new Map(
    places.map(place => {
      const { address, number, isNode, port } = place
      return [`${address} ${number} ${port.protocol}${isNode ? ` of ${port.port}` : ''}`, place]
    }),
  )
}

/** Where each endpoint serves a port, as a text. */
function endpointPlaces({ service, endpoints }: ServiceView, port: ProxiedPort): ReadonlyMap<string, string> {
  if (service === undefined) return new Map()
  return new Map(
    endpoints.map(endpoint => [
      endpoint.id,
      `${endpoint.addresses[0] ?? ''} ${endpointPort(endpoint, port) ?? port.port}`,
    ]),
  )
}
