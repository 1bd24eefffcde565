import type { Clock } from '../../core/index.js'
import type { Flow, FlowTable } from './flow-table.js'
import { isOutOfDescriptors } from './out-of-descriptors.js'
import { RefusedPorts } from './refused-ports.js'
import type { UdpFlow, UdpFlows } from './udp-flows.js'
import { openUdpSocket } from './udp-socket.js'
import type { DatagramPeer, SendDatagram } from './vip-listener.js'
import type { Upstream, VipRoute } from './vip-route.js'

/** What the flows of one port of a service share. */
export interface UdpPortContext {
  readonly service: string
  readonly route: VipRoute
  /** By endpoint. */
  readonly flows: FlowTable
  /** Of all services. */
  readonly udpFlows: UdpFlows
  readonly clock: Clock
  /** How long an endpoint whose port refused a datagram gets no new flows. */
  readonly refusedMs: number
  opened(): void
  /** A datagram for which there was no endpoint. */
  refused(): void
  /** A flow for which there was no file descriptor. */
  outOfDescriptors(error: Error): void
}

/** Takes the datagrams of one virtual address and port to endpoints, each sender's to one. */
export class UdpPort {
  readonly #context: UdpPortContext
  readonly #flows = new Map<string, PortFlow>()
  readonly #refused: RefusedPorts
  /** Where endpoints serve this port. */
  #places: ReadonlyMap<string, string> = new Map()

  constructor(context: UdpPortContext) {
    this.#context = context
    this.#refused = new RefusedPorts(context.clock, context.refusedMs)
  }

  receive(bytes: Uint8Array, from: DatagramPeer, send: SendDatagram): void {
    const sender = `${from.address} ${from.port}`
    const known = this.#flows.get(sender)
    // One that talked to its sender may have stopped; it would be sent to as long as the sender does not rest.
    if (known !== undefined && !this.#mayStay(known)) known.end()
    const flow = this.#flows.get(sender) ?? this.#open(sender, from, send)
    if (flow === undefined) this.#context.refused()
    else flow.forward(bytes)
  }

  /**
   * Ends the flows to endpoints that are gone or have another address, and those to endpoints that get no new traffic unless
   * they were answered lately: their senders find another endpoint with their next datagram.
   *
   * @param places where endpoints serve this port, ready or not
   */
  update(places: ReadonlyMap<string, string>): void {
    for (const [endpoint, place] of this.#places)
      if (places.get(endpoint) !== place) this.#refused.delete(endpoint)
    this.#places = places
    for (const flow of [...this.#flows.values()]) {
      const { endpoint, host, port } = flow.upstream
      const isThere = places.get(endpoint) === `${host} ${port}`
      if (!isThere || !this.#mayStay(flow)) flow.end()
    }
  }

  end(): void {
    for (const flow of [...this.#flows.values()]) flow.end()
  }

  #mayStay(flow: PortFlow): boolean {
    const { route, udpFlows } = this.#context
    return route.eligible(flow.upstream.endpoint) || udpFlows.isAnswered(flow)
  }

  #open(sender: string, from: DatagramPeer, send: SendDatagram): PortFlow | undefined {
    const { service, route, flows, udpFlows } = this.#context
    const pick = (tried: ReadonlySet<string>): Upstream | undefined =>
      route.pick({ client: from.address, active: flows.activeOf, tried })
    // Affinity and hashing would lead back to a port that refuses. With no other it is tried again.
    const upstream = pick(this.#refused.with(flows.full)) ?? pick(flows.full)
    if (upstream === undefined) return undefined
    this.#context.opened()
    const flow: PortFlow = new PortFlow(service, upstream, {
      answered: bytes => {
        udpFlows.seen(flow, true)
        send(bytes, from)
      },
      sent: () => udpFlows.seen(flow, false),
      failed: error => {
        if (isOutOfDescriptors(error)) return this.#context.outOfDescriptors(error)
        if (isRefusal(error)) this.#refused.add(upstream.endpoint)
        flows.failed(upstream.endpoint)
      },
      ended: () => {
        this.#flows.delete(sender)
        udpFlows.remove(flow)
        flows.remove(upstream.endpoint, flow)
      },
    })
    // It may make room first.
    udpFlows.add(flow)
    this.#flows.set(sender, flow)
    flows.add(upstream.endpoint, flow)
    flow.connect()
    return flow
  }
}

function isRefusal(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNREFUSED'
}

interface FlowEvents {
  answered(bytes: Uint8Array): void
  sent(): void
  failed(error: Error): void
  ended(): void
}

/** A socket of its own for each sender, so that answers find their way back. */
class PortFlow implements Flow, UdpFlow {
  readonly service: string
  readonly upstream: Upstream
  readonly #events: FlowEvents
  readonly #socket: ReturnType<typeof openUdpSocket>
  #hasEnded = false

  constructor(service: string, upstream: Upstream, events: FlowEvents) {
    this.service = service
    this.upstream = upstream
    this.#events = events
    this.#socket = openUdpSocket(upstream.host)
  }

  /** Connected, so that only the endpoint is heard, and a port where nothing listens is an error. */
  connect(): void {
    this.#socket.on('message', bytes => this.#events.answered(bytes))
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.connect(this.upstream.port, this.upstream.host)
  }

  forward(bytes: Uint8Array): void {
    if (this.#hasEnded) return
    this.#events.sent()
    this.#socket.send(bytes, error => {
      // Nobody listens there; a datagram that is too long, for one, says nothing of the endpoint.
      if (error !== null && isRefusal(error)) this.#fail(error)
    })
  }

  #fail(error: Error): void {
    if (this.#hasEnded) return
    this.#events.failed(error)
    this.end()
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#socket.close()
    this.#events.ended()
  }
}
