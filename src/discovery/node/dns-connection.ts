import type { Socket } from 'node:net'
import type { Cancel, Env } from '../../core/index.js'
import type { DnsClient, DnsService } from './dns-service.js'

/** Unsent bytes of responses above which no more requests are read. */
const UNSENT_BYTES_MAX = 256 * 1024
/** Requests that wait for other servers above which no more are read: one client must not take every place. */
const WAITING_MAX = 64

/**
 * Answers the requests of one TCP connection; several may come at once, and those that are answered here are answered
 * in order, before those that wait for another server (RFC 7766). Each message has its length in front, two bytes. The
 * socket allows half-open use: a client that has said all it wanted still gets every answer. The connection is closed
 * when for `idleMs` no request became whole, none waited for another server and no response was taken: bytes that
 * trickle in do not keep it. Returns a function that ends the connection.
 */
export function serveDnsConnection(
  socket: Socket,
  service: DnsService,
  { env, idleMs }: { readonly env: Env; readonly idleMs: number },
): () => void {
  const connection = new Connection(socket, service, idle => env.clock.after(idleMs, idle))
  socket.on('data', (chunk: Buffer) => connection.receive(chunk))
  socket.on('end', () => connection.ended())
  socket.on('drain', () => connection.drained())
  socket.on('error', () => socket.destroy())
  socket.on('close', () => connection.closed())
  return () => void socket.destroy()
}

class Connection {
  readonly #socket: Socket
  readonly #service: DnsService
  readonly #startTimer: (idle: () => void) => Cancel
  readonly #client: DnsClient
  #pending: Buffer = Buffer.alloc(0)
  #ended = false
  /** Requests without a response yet: others are asked for it. */
  #waiting = 0
  #cancelIdle: Cancel = () => {}

  constructor(socket: Socket, service: DnsService, startTimer: (idle: () => void) => Cancel) {
    this.#socket = socket
    this.#service = service
    this.#startTimer = startTimer
    this.#client = { address: socket.remoteAddress ?? '', transport: 'tcp' }
    this.#arm()
  }

  receive(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    this.#answerWhole()
  }

  ended(): void {
    this.#ended = true
    this.#answerWhole()
  }

  drained(): void {
    this.#arm()
    this.#answerWhole()
  }

  closed(): void {
    this.#cancelIdle()
  }

  #arm(): void {
    this.#cancelIdle()
    this.#cancelIdle = this.#startTimer(() => {
      if (this.#waiting > 0) this.#arm()
      else this.#socket.destroy()
    })
  }

  get #isBlocked(): boolean {
    return this.#socket.writableLength > UNSENT_BYTES_MAX || this.#waiting >= WAITING_MAX
  }

  #answerWhole(): void {
    let at = 0
    while (this.#pending.length - at >= 2 && !this.#isBlocked) {
      const taken = this.#answerNext(at)
      if (taken === 0) break
      at += taken
    }
    if (at > 0) {
      this.#pending = this.#pending.subarray(at)
      this.#arm()
    }
    if (this.#pending.length >= 2 && this.#isBlocked) this.#socket.pause()
    else if (this.#ended && this.#waiting === 0) this.#socket.end()
    else if (!this.#ended) this.#socket.resume()
  }

  /** Answers the request that begins there; returns its length, or 0 when it is not whole yet. */
  #answerNext(at: number): number {
    const length = this.#pending.readUInt16BE(at)
    if (this.#pending.length - at < 2 + length) return 0
    const request = this.#pending.subarray(at + 2, at + 2 + length)
    let isLater = false
    this.#waiting++
    this.#service.answer(request, this.#client, response => {
      this.#waiting--
      if (this.#socket.destroyed) return
      if (response !== undefined) this.#send(response)
      if (!isLater) return
      this.#arm()
      this.#answerWhole()
    })
    isLater = true
    return 2 + length
  }

  #send(response: Uint8Array): void {
    const framed = Buffer.allocUnsafe(2 + response.length)
    framed.writeUInt16BE(response.length, 0)
    framed.set(response, 2)
    this.#socket.write(framed)
  }
}
