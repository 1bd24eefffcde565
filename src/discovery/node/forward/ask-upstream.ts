import type { Socket as UdpSocket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Cancel, Env } from '../../../core/index.js'
import type { ForwardedAnswer } from '../../dns/forwarded-answer.js'
import { readForwardedAnswer } from '../../dns/forwarded-answer.js'
import type { UpstreamServer } from './upstream-server.js'

/** How one server did. */
export type UpstreamOutcome =
  | { readonly kind: 'answer'; readonly answer: ForwardedAnswer }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Asks one server: over UDP, and over TCP when the response did not fit. Every query has a socket of its own, so that
 * its port is as hard to guess as its id; what comes from elsewhere or does not fit the question is passed over.
 * Calls back exactly once, at the latest after `timeoutMs`, unless it is cancelled first.
 */
export function askUpstream(
  server: UpstreamServer,
  query: Uint8Array,
  { env, timeoutMs }: { readonly env: Env; readonly timeoutMs: number },
  done: (outcome: UpstreamOutcome) => void,
): Cancel {
  let udp: UdpSocket | undefined
  let tcp: Socket | undefined
  let isDone = false
  const end = (): void => {
    isDone = true
    cancelTimer()
    udp?.close()
    tcp?.destroy()
    udp = undefined
    tcp = undefined
  }
  const finish = (outcome: UpstreamOutcome): void => {
    if (isDone) return
    end()
    done(outcome)
  }
  const fail = (reason: string): void => finish({ kind: 'failed', reason })
  const cancelTimer = env.clock.after(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`))
  const take = (bytes: Uint8Array, isTcp: boolean): void => {
    const read = readForwardedAnswer(bytes, query)
    if (read.kind === 'answer') finish(read)
    else if (read.kind === 'failed') fail(`response code ${read.rcode}`)
    else if (isTcp)
      fail(read.kind === 'truncated' ? 'truncated over TCP' : 'a response to another question over TCP')
    else if (read.kind === 'truncated') tcp ??= askOverTcp(server, query, bytes => take(bytes, true), fail)
  }
  udp = askOverUdp(server, query, bytes => take(bytes, false), fail)
  return () => {
    if (!isDone) end()
  }
}

function askOverUdp(
  { address, port }: UpstreamServer,
  query: Uint8Array,
  take: (bytes: Uint8Array) => void,
  fail: (reason: string) => void,
): UdpSocket {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', take)
  socket.on('error', error => fail(error.message))
  socket.on('connect', () => socket.send(query))
  socket.connect(port, address)
  return socket
}

function askOverTcp(
  { address, port }: UpstreamServer,
  query: Uint8Array,
  take: (bytes: Uint8Array) => void,
  fail: (reason: string) => void,
): Socket {
  let received: Buffer = Buffer.alloc(0)
  const socket = connect({ host: address, port }, () => {
    const framed = Buffer.alloc(2 + query.length)
    framed.writeUInt16BE(query.length, 0)
    framed.set(query, 2)
    socket.write(framed)
  })
  socket.on('data', chunk => {
    received = Buffer.concat([received, chunk])
    if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0))
      take(received.subarray(2, 2 + received.readUInt16BE(0)))
  })
  socket.on('error', error => fail(error.message))
  socket.on('end', () => fail('the connection was closed before an answer'))
  return socket
}
