import type { Socket } from 'node:net'
import type { Clock } from '../../core/index.js'
import type { ConnectionEnds } from './proxy-protocol.js'
import { readProxyHeader } from './proxy-protocol.js'

/** Both ends of a connection as the sockets have them. */
export function socketEnds(client: Socket): ConnectionEnds {
  return {
    source: { address: client.remoteAddress ?? '', port: client.remotePort ?? 0 },
    destination: { address: client.localAddress ?? '', port: client.localPort ?? 0 },
  }
}

/**
 * Takes the header of the PROXY protocol off a paused connection and gives its ends as the header says; undefined when
 * there is no valid one within `timeoutMs`. The connection is paused again then, and what follows the header is unread.
 * Does not call back when the connection is closed first.
 */
export function acceptProxyHeader(
  client: Socket,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  done: (ends: ConnectionEnds | undefined) => void,
): void {
  let held: Buffer = Buffer.alloc(0)
  const settle = (): void => {
    cancel()
    client.pause()
    client.off('data', receive).off('end', refuse).off('close', gone)
  }
  const refuse = (): void => {
    settle()
    done(undefined)
  }
  const gone = (): void => settle()
  const receive = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk])
    const read = readProxyHeader(held)
    if (read.kind === 'short') return
    if (read.kind === 'invalid') return refuse()
    settle()
    if (held.length > read.bytes) client.unshift(held.subarray(read.bytes))
    done(read.ends ?? socketEnds(client))
  }
  const cancel = clock.after(timeoutMs, refuse)
  client.on('data', receive).on('end', refuse).on('close', gone)
  client.resume()
}
