import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { ListenError } from './listen-error.js'
import { LISTENER_BUFFER_BYTES, openUdpSocket } from './udp-socket.js'

/** What a listener says about itself. */
export type ListenerState = 'opening' | 'listening' | 'failed' | 'closed'

/** One listening socket that was asked for. */
export interface VipListener {
  readonly state: ListenerState
  readonly error: ListenError | undefined
  /** The port that was bound, which differs from the one asked for when that was 0. */
  readonly boundPort: number | undefined
  /** Settles when it listens or has failed; never rejects. */
  readonly opened: Promise<void>
  /** Accepts no more; accepted connections live on. Resolves when the address is free. */
  close(): Promise<void>
}

/** Who sent a datagram. */
export interface DatagramPeer {
  readonly address: string
  readonly port: number
}

/** Sends a datagram from the listener's address. */
export type SendDatagram = (bytes: Uint8Array, to: DatagramPeer) => void

/** What arrives at a listener, by transport. */
export type Arrivals =
  | { readonly protocol: 'TCP'; accept(client: Socket): void }
  | { readonly protocol: 'UDP'; receive(bytes: Uint8Array, from: DatagramPeer, send: SendDatagram): void }

/** What a listener is made from. */
export interface VipListenerOptions {
  readonly host: string
  readonly port: number
  readonly arrivals: Arrivals
  failed(error: ListenError): void
  /** Told of what goes wrong while it listens, such as a want of file descriptors; it listens on. */
  acceptFailed(error: Error): void
}

export function openVipListener(options: VipListenerOptions): VipListener {
  return new Listener(options)
}

/** Connections not yet accepted that the system keeps. */
const BACKLOG = 1024

/** A socket that can listen, whatever its transport. */
interface ListeningSocket {
  listen(where: { readonly host: string; readonly port: number }, listening: () => void): void
  onError(failed: (cause: Error) => void): void
  boundPort(): number | undefined
  /** The address is free at once. */
  close(): void
}

class Listener implements VipListener {
  readonly opened: Promise<void>
  readonly #socket: ListeningSocket
  #state: ListenerState = 'opening'
  #error: ListenError | undefined
  #freed: Promise<void> | undefined

  constructor({ host, port, arrivals, failed, acceptFailed }: VipListenerOptions) {
    const socket =
      arrivals.protocol === 'TCP' ? tcpSocket(arrivals.accept) : udpSocket(host, arrivals.receive)
    this.#socket = socket
    this.opened = new Promise<void>(resolve => {
      socket.onError(cause => {
        if (this.#state === 'listening') acceptFailed(cause)
        if (this.#state === 'opening') {
          this.#state = 'failed'
          // A socket of datagrams that could not be bound is open still.
          socket.close()
          this.#error = new ListenError(host, port, cause)
          failed(this.#error)
        }
        resolve()
      })
      socket.listen({ host, port }, () => {
        if (this.#state === 'opening') this.#state = 'listening'
        resolve()
      })
    })
  }

  get state(): ListenerState {
    return this.#state
  }

  get error(): ListenError | undefined {
    return this.#error
  }

  get boundPort(): number | undefined {
    return this.#state === 'listening' ? this.#socket.boundPort() : undefined
  }

  close(): Promise<void> {
    this.#freed ??= this.opened.then(() => {
      if (this.#state === 'failed') return
      this.#state = 'closed'
      this.#socket.close()
    })
    return this.#freed
  }
}

function tcpSocket(accept: (client: Socket) => void): ListeningSocket {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, accept)
  return {
    listen: (where, listening) => void server.listen({ ...where, backlog: BACKLOG }, listening),
    onError: failed => void server.on('error', failed),
    boundPort: () => {
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : undefined
    },
    // The callback would wait for the accepted connections.
    close: () => void server.close(),
  }
}

function udpSocket(
  host: string,
  receive: (bytes: Uint8Array, from: DatagramPeer, send: SendDatagram) => void,
): ListeningSocket {
  const socket = openUdpSocket(host, LISTENER_BUFFER_BYTES)
  let isOpen = true
  // What cannot be sent is lost, as any datagram may be.
  const send: SendDatagram = (bytes, { address, port }) => {
    if (isOpen) socket.send(bytes, port, address, () => {})
  }
  socket.on('message', (bytes, from) => receive(bytes, from, send))
  return {
    listen: ({ host: address, port }, listening) => void socket.bind({ address, port }, listening),
    onError: failed =>
      void socket.on('error', cause => {
        if (isOpen) failed(cause)
      }),
    boundPort: () => socket.address().port,
    close: () => {
      isOpen = false
      socket.close()
    },
  }
}
