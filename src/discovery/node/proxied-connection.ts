import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Env } from '../../core/index.js'
import type { Flow, FlowTable } from './flow-table.js'
import { isOutOfDescriptors } from './out-of-descriptors.js'
import type { ConnectionEnds } from './proxy-protocol.js'
import { encodeProxyHeader } from './proxy-protocol.js'
import { resetConnection } from './reset-connection.js'
import { splice } from './splice.js'
import type { Upstream, VipRoute } from './vip-route.js'

/** What the connections of one port of one service share. */
export interface ConnectionContext {
  readonly env: Env
  readonly route: VipRoute
  readonly flows: FlowTable
  readonly connectTimeoutMs: number
  /** Endpoints that are tried for one connection. */
  readonly maxAttempts: number
  /** Attempts that have not connected yet; each gives up when its route no longer leads there, and another is made. */
  readonly connecting: Set<{ recheck(): void }>
  /** Whether endpoints are told who the client is, by the PROXY protocol. */
  readonly sendsProxyHeader: boolean
  /** A connection for which no endpoint was found. */
  refused(): void
  /** One for which there was no file descriptor, which is no endpoint's fault. */
  outOfDescriptors(error: Error): void
}

/**
 * Takes an accepted connection to an endpoint. Nothing is read from the client before an endpoint has accepted,
 * so that another can be tried without loss. With no endpoint left the client's connection is reset.
 *
 * @param ends as the client sees them
 */
export function proxyConnection(client: Socket, ends: ConnectionEnds, context: ConnectionContext): void {
  const tried = new Set<string>()
  let failures = 0
  const { flows, route } = context
  const next = (): void => {
    if (client.destroyed) return
    const upstream =
      failures < context.maxAttempts
        ? route.pick({
            client: ends.source.address,
            active: flows.activeOf,
            tried: flows.full.size === 0 ? tried : new Set([...tried, ...flows.full]),
          })
        : undefined
    if (upstream === undefined) {
      context.refused()
      resetConnection(client)
      return
    }
    attempt({ client, ends }, upstream, context, outcome => {
      if (outcome === 'no-descriptor') return resetConnection(client)
      if (outcome === 'failed') {
        failures++
        tried.add(upstream.endpoint)
        flows.failed(upstream.endpoint)
      }
      next()
    })
  }
  next()
}

type Outcome = 'failed' | 'unwanted' | 'no-descriptor'
type Again = (outcome: Outcome) => void

interface Accepted {
  readonly client: Socket
  readonly ends: ConnectionEnds
}

function attempt(
  { client, ends }: Accepted,
  upstream: Upstream,
  context: ConnectionContext,
  again: Again,
): void {
  const { endpoint, host, port } = upstream
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
  let state: 'connecting' | 'joined' | 'over' = 'connecting'
  const flow: Flow = {
    // Cut off: neither side may take it for the end of what the other had to say.
    end: () => {
      resetConnection(client)
      if (state === 'connecting') socket.destroy()
      else resetConnection(socket)
    },
  }
  const settle = (to: 'joined' | 'over'): void => {
    state = to
    cancel()
    context.connecting.delete(waiting)
    client.off('close', clientGone)
    if (to === 'over') {
      context.flows.remove(endpoint, flow)
      socket.destroy()
    }
  }
  const giveUp = (outcome: Outcome): void => {
    if (state !== 'connecting') return
    settle('over')
    again(outcome)
  }
  const clientGone = (): void => settle('over')
  const waiting = {
    recheck: () => {
      if (!context.route.leadsTo(upstream)) giveUp('unwanted')
    },
  }
  const cancel = context.env.clock.after(context.connectTimeoutMs, () => giveUp('failed'))
  context.connecting.add(waiting)
  context.flows.add(endpoint, flow)
  client.on('close', clientGone)
  socket.on('error', error => {
    const isOurs = state === 'connecting' && isOutOfDescriptors(error)
    if (isOurs) context.outOfDescriptors(error)
    giveUp(isOurs ? 'no-descriptor' : 'failed')
  })
  socket.on('connect', () => {
    if (state !== 'connecting') return
    settle('joined')
    if (context.sendsProxyHeader) socket.write(encodeProxyHeader(ends))
    splice(client, socket)
    joinEnds([client, socket], () => context.flows.remove(endpoint, flow))
  })
}

/** Calls `done` once both sockets are closed. */
function joinEnds(sockets: readonly Socket[], done: () => void): void {
  let open = sockets.length
  for (const socket of sockets) {
    socket.once('close', () => {
      if (--open === 0) done()
    })
  }
}
