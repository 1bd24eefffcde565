import type { Cancel, KeelsonError } from '../../core/index.js'
import type { Backoff } from '../../core/internal.js'
import { backoffMs } from '../../core/internal.js'
import type { ListenError } from './listen-error.js'
import type { Arrivals, ListenerState, VipListener } from './vip-listener.js'
import { openVipListener } from './vip-listener.js'
import type { VipSettings } from './vip-settings.js'

/** One address and port of a service, or of this node for it. */
export interface VipListenerStats {
  readonly vip: string
  readonly port: number
  readonly protocol: 'TCP' | 'UDP'
  /** What was bound in its place. */
  readonly host: string
  readonly boundPort: number
  readonly state: ListenerState
  readonly error?: KeelsonError
}

/** A listener that is opened again when it fails. */
export interface VipFrontend {
  /** Settles when the present listener listens or has failed. */
  opened(): Promise<ListenError | undefined>
  stats(): VipListenerStats
  close(): Promise<void>
}

/** What a frontend is made from. */
export interface VipFrontendOptions {
  /** For logs. */
  readonly service: string
  readonly vip: string
  readonly port: number
  /** Where to listen for it. */
  readonly where: { readonly host: string; readonly port: number }
  readonly settings: VipSettings
  readonly arrivals: Arrivals
  /** A connection could not be accepted; the listener lives on. */
  acceptFailed(error: Error): void
}

/** A listener that failed is opened again after 50 ms, then twice as long each time, up to 5 s. */
const RETRY: Backoff = { baseMs: 50, maxMs: 5000 }

export function openVipFrontend(options: VipFrontendOptions): VipFrontend {
  const { service, vip, port, where, arrivals } = options
  const { env } = options.settings
  const { protocol } = arrivals
  const { host, port: asked } = where
  let failures = 0
  let closed = false
  let cancelRetry: Cancel = () => {}
  const failed = (error: ListenError): void => {
    env.logger.warn({ error, service, vip, port, protocol }, 'a virtual address is not served')
    failures += 1
    if (!closed) cancelRetry = env.clock.after(backoffMs(RETRY, failures), () => (listener = listen()))
  }
  const listen = (): VipListener =>
    openVipListener({ host, port: asked, arrivals, failed, acceptFailed: options.acceptFailed })
  let listener = listen()
  return {
    opened: async () => {
      await listener.opened
      return listener.error
    },
    stats: () => {
      const error = listener.error === undefined ? {} : { error: listener.error }
      const boundPort = listener.boundPort ?? asked
      return { vip, port, protocol, host, boundPort, state: listener.state, ...error }
    },
    close: () => {
      closed = true
      cancelRetry()
      return listener.close()
    },
  }
}
