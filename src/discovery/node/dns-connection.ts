import type { Socket } from 'node:net'
import type { Cancel, Env } from '../../core/index.js'
import type { DnsResponder } from '../dns/dns-responder.js'

/** Unsent bytes of responses above which no more requests are read. */
const UNSENT_BYTES_MAX = 256 * 1024

/**
 * Answers the requests of one TCP connection, in order; several may come at once (RFC 7766). Each message has
 * its length in front, two bytes. Returns a function that ends the connection.
 */
export function serveDnsConnection(
  socket: Socket,
  responder: DnsResponder,
  { env, idleMs }: { readonly env: Env; readonly idleMs: number },
): () => void {
  let pending: Buffer = Buffer.alloc(0)
  let cancelIdle: Cancel = () => {}
  const arm = (): void => {
    cancelIdle()
    cancelIdle = env.clock.after(idleMs, () => socket.destroy())
  }
  const answerWhole = (): void => {
    let at = 0
    while (pending.length - at >= 2 && socket.writableLength <= UNSENT_BYTES_MAX) {
      const length = pending.readUInt16BE(at)
      if (pending.length - at < 2 + length) break
      const response = responder.respond(pending.subarray(at + 2, at + 2 + length), 'tcp')
      at += 2 + length
      if (response === undefined) continue
      const framed = Buffer.alloc(2 + response.length)
      framed.writeUInt16BE(response.length, 0)
      framed.set(response, 2)
      socket.write(framed)
    }
    if (at > 0) pending = pending.subarray(at)
    if (socket.writableLength > UNSENT_BYTES_MAX) socket.pause()
  }
  socket.on('data', (chunk: Buffer) => {
    arm()
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    answerWhole()
  })
  socket.on('drain', () => {
    answerWhole()
    if (socket.writableLength <= UNSENT_BYTES_MAX) socket.resume()
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => cancelIdle())
  arm()
  return () => void socket.destroy()
}
