import type { Socket } from 'node:net'
import type { Cancel, Env } from '../../core/index.js'
import type { DnsResponder } from '../dns/dns-responder.js'

/** Unsent bytes of responses above which no more requests are read. */
const UNSENT_BYTES_MAX = 256 * 1024

/**
 * Answers the requests of one TCP connection, in order; several may come at once (RFC 7766). Each message has
 * its length in front, two bytes. The socket allows half-open use: a client that has said all it wanted still gets
 * every answer. The connection is closed when for `idleMs` no request became whole and no response was taken: bytes
 * that trickle in do not keep it. Returns a function that ends the connection.
 */
export function serveDnsConnection(
  socket: Socket,
  responder: DnsResponder,
  { env, idleMs }: { readonly env: Env; readonly idleMs: number },
): () => void {
  let pending: Buffer = Buffer.alloc(0)
  let ended = false
  let cancelIdle: Cancel = () => {}
  const arm = (): void => {
    cancelIdle()
    cancelIdle = env.clock.after(idleMs, () => socket.destroy())
  }
  const answerNext = (at: number): number => {
    const length = pending.readUInt16BE(at)
    if (pending.length - at < 2 + length) return 0
    const response = responder.respond(pending.subarray(at + 2, at + 2 + length), 'tcp')
    if (response !== undefined) {
      const framed = Buffer.allocUnsafe(2 + response.length)
      framed.writeUInt16BE(response.length, 0)
      framed.set(response, 2)
      socket.write(framed)
    }
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
    else if (ended) socket.end()
    else socket.resume()
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
