import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Env } from '../../core/index.js'
import type { Flow, FlowTable } from './flow-table.js'
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
  /** Attempts that have not connected yet; each can be told that its endpoint is no longer wanted. */
  readonly connecting: Set<{ readonly endpoint: string; retry(): void }>
  /** A connection for which no endpoint was found. */
  refused(): void
}

/**
 * Takes an accepted connection to an endpoint. Nothing is read from the client before an endpoint has accepted,
 * so that another can be tried without loss. With no endpoint left the client's connection is reset.
 */
export function proxyConnection(client: Socket, context: ConnectionContext): void {
  const tried = new Set<string>()
  let failures = 0
  client.on('error', () => client.destroy())
  const next = (): void => {
    if (client.destroyed) return
    const upstream =
      failures < context.maxAttempts
        ? context.route.pick({
            client: client.remoteAddress ?? '',
            active: id => context.flows.activeOf(id),
            tried,
          })
        : undefined
    if (upstream === undefined) {
      context.refused()
      resetConnection(client)
      return
    }
    attempt(client, upstream, context, outcome => {
      if (outcome === 'failed') {
        failures++
        tried.add(upstream.endpoint)
        context.flows.failed(upstream.endpoint)
      }
      next()
    })
  }
  next()
}

type Again = (outcome: 'failed' | 'unwanted') => void

function attempt(client: Socket, upstream: Upstream, context: ConnectionContext, again: Again): void {
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
  const giveUp = (outcome: 'failed' | 'unwanted'): void => {
    if (state !== 'connecting') return
    settle('over')
    again(outcome)
  }
  const clientGone = (): void => settle('over')
  const waiting = { endpoint, retry: () => giveUp('unwanted') }
  const cancel = context.env.clock.after(context.connectTimeoutMs, () => giveUp('failed'))
  context.connecting.add(waiting)
  context.flows.add(endpoint, flow)
  client.on('close', clientGone)
  socket.on('error', () => giveUp('failed'))
  socket.on('connect', () => {
    if (state !== 'connecting') return
    settle('joined')
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
