import type { Socket } from 'node:net'
import type { VipRouteOptions } from './vip-route.js'

/** Settings that all services of a proxy share. */
export interface VipSettings extends VipRouteOptions {
  readonly bind: (address: string, port: number) => { readonly host: string; readonly port: number }
  readonly drainMs: number
  readonly connectTimeoutMs: number
  readonly maxAttempts: number
  /** Asks for room for one more connection; false when the proxy is full. */
  readonly admit: (client: Socket) => boolean
}
