import type { Socket } from 'node:net'
import type { Cancel, Env } from '../../core/index.js'
import type { DnsService } from './dns-service.js'

/** Unsent bytes of responses above which no more requests are read. */
const UNSENT_BYTES_MAX = 256 * 1024

/**
 * Answers the requests of one TCP connection; several may come at once, and those that are answered here are answered
 * in order, before those that wait for another server (RFC 7766). Each message has its length in front, two bytes. The socket allows half-open use: a client that has said all it wanted still gets
 * every answer. The connection is closed when for `idleMs` no request became whole and no response was taken: bytes
 * that trickle in do not keep it. Returns a function that ends the connection.
 */
export function serveDnsConnection(
  socket: Socket,
  service: DnsService,
  { env, idleMs }: { readonly env: Env; readonly idleMs: number },
): () => void {
  let pending: Buffer = Buffer.alloc(0)
  let ended = false
  /** Requests without a response yet: others are asked for it. */
  let waiting = 0
  let cancelIdle: Cancel = () => {}
  const arm = (): void => {
    cancelIdle()
    cancelIdle = env.clock.after(idleMs, () => socket.destroy())
  }
  const client = { address: socket.remoteAddress ?? '', transport: 'tcp' } as const
  const send = (response: Uint8Array): void => {
    const framed = Buffer.allocUnsafe(2 + response.length)
    framed.writeUInt16BE(response.length, 0)
    framed.set(response, 2)
    socket.write(framed)
  }
  const answerNext = (at: number): number => {
    const length = pending.readUInt16BE(at)
    if (pending.length - at < 2 + length) return 0
    let isLater = false
    waiting++
    service.answer(pending.subarray(at + 2, at + 2 + length), client, response => {
      waiting--
      if (socket.destroyed) return
      if (response !== undefined) send(response)
      if (isLater) answerWhole()
    })
    isLater = true
    return 2 + length
  }
  const answerWhole = (): void => {
    let at = 0
    let isBlocked = false
    while (pending.length - at >= 2) {
      isBlocked = socket.writableLength > UNSENT_BYTES_MAX
      if (isBlocked) break
      const taken = answerNext(at)
      if (taken === 0) break
      at += taken
    }
    if (at > 0) {
      pending = pending.subarray(at)
      arm()
    }
    if (isBlocked) socket.pause()
    else if (ended && waiting === 0) socket.end()
    else if (!ended) socket.resume()
  }
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    answerWhole()
  })
  socket.on('end', () => {
    ended = true
    answerWhole()
  })
  socket.on('drain', () => {
    arm()
    answerWhole()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => cancelIdle())
  arm()
  return () => void socket.destroy()
}
