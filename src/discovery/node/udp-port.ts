import type { Flow, FlowTable } from './flow-table.js'
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
  opened(): void
  /** A datagram for which there was no endpoint. */
  refused(): void
}

/** Takes the datagrams of one virtual address and port to endpoints, each sender's to one. */
export class UdpPort {
  readonly #context: UdpPortContext
  readonly #flows = new Map<string, PortFlow>()

  constructor(context: UdpPortContext) {
    this.#context = context
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
    const upstream = route.pick({ client: from.address, active: flows.activeOf, tried: flows.full })
    if (upstream === undefined) return undefined
    this.#context.opened()
    const flow: PortFlow = new PortFlow(service, upstream, {
      answered: bytes => {
        udpFlows.seen(flow, true)
        send(bytes, from)
      },
      sent: () => udpFlows.seen(flow, false),
      failed: () => flows.failed(upstream.endpoint),
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

interface FlowEvents {
  answered(bytes: Uint8Array): void
  sent(): void
  failed(): void
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
    this.#socket.on('error', () => this.#fail())
    this.#socket.connect(this.upstream.port, this.upstream.host)
  }

  forward(bytes: Uint8Array): void {
    if (this.#hasEnded) return
    this.#events.sent()
    this.#socket.send(bytes, error => {
      // Nobody listens there; a datagram that is too long, for one, says nothing of the endpoint.
      if (error !== null && 'code' in error && error.code === 'ECONNREFUSED') this.#fail()
    })
  }

  #fail(): void {
    if (this.#hasEnded) return
    this.#events.failed()
    this.end()
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#socket.close()
    this.#events.ended()
  }
}
