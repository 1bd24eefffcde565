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
  return new Listener(options)
}

class Listener implements VipListener {
  readonly opened: Promise<void>
  readonly #server: Server
  #state: ListenerState = 'opening'
  #error: ListenError | undefined
  #freed: Promise<void> | undefined

  constructor({ host, port, backlog, accept, failed }: VipListenerOptions) {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, accept)
    this.#server = server
    this.opened = new Promise<void>(resolve => {
      server.on('error', cause => {
        // Accepting can fail later, for want of file descriptors; that does not close the listener.
        if (this.#state === 'opening') {
          this.#state = 'failed'
          this.#error = new ListenError(host, port, cause)
          failed(this.#error)
        }
        resolve()
      })
      server.listen({ host, port, backlog }, () => {
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
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : undefined
  }

  close(): Promise<void> {
    this.#freed ??= this.opened.then(() => {
      if (this.#state === 'failed') return
      this.#state = 'closed'
      // The address is free at once; the callback would wait for the accepted connections.
      this.#server.close()
    })
    return this.#freed
  }
}
