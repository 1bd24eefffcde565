import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { ListenError } from './listen-error.js'

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

/** What a listener is made from. */
export interface VipListenerOptions {
  readonly host: string
  readonly port: number
  /** Connections not yet accepted that the system keeps. */
  readonly backlog: number
  accept(client: Socket): void
  failed(error: ListenError): void
}

export function openVipListener(options: VipListenerOptions): VipListener {
  const { host, port, backlog, accept, failed } = options
  let state: ListenerState = 'opening'
  let error: ListenError | undefined
  let server: Server | undefined
  let freed: Promise<void> | undefined
  const opened = new Promise<void>(resolve => {
    const opening = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, accept)
    server = opening
    opening.on('error', cause => {
      // Accepting can fail later, for want of file descriptors; that does not close the listener.
      if (state === 'opening') {
        state = 'failed'
        error = new ListenError(host, port, cause)
        failed(error)
      }
      resolve()
    })
    opening.listen({ host, port, backlog }, () => {
      if (state === 'opening') state = 'listening'
      resolve()
    })
  })
  return {
    get state() {
      return state
    },
    get error() {
      return error
    },
    get boundPort() {
      const address = server?.address()
      return typeof address === 'object' && address !== null ? address.port : undefined
    },
    opened,
    close: () => {
      freed ??= opened.then(
        () =>
          new Promise<void>(resolve => {
            if (state === 'failed' || server === undefined) return resolve()
            state = 'closed'
            // The address is free at once; the callback would wait for the accepted connections.
            server.close()
            resolve()
          }),
      )
      return freed
    },
  }
}
