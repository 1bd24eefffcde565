import type { UdpFlows } from './udp-flows.js'
import type { VipRouteOptions } from './vip-route.js'

/** Room for connections and flows of all services, or of one. */
export interface ConnectionRoom {
  /** Takes a place; false when all are taken. */
  take(): boolean
  free(): void
}

/** Settings that all services of a proxy share. */
export interface VipSettings extends VipRouteOptions {
  readonly bind: (
    address: string,
    port: number,
    protocol: 'TCP' | 'UDP',
  ) => { readonly host: string; readonly port: number }
  readonly nodePortAddresses: readonly string[]
  readonly drainMs: number
  readonly connectTimeoutMs: number
  readonly maxAttempts: number
  readonly perServiceMax: number
  readonly perEndpointMax: number
  /** TCP connections of all services. */
  readonly room: ConnectionRoom
  readonly udpFlows: UdpFlows
  readonly udpIdleMs: number
  /** Whose connections begin with a header of the PROXY protocol. */
  readonly hasProxyHeader: (peer: string) => boolean
  readonly sendsProxyHeader: (service: string) => boolean
}

export function createRoom(max: number): ConnectionRoom {
  let taken = 0
  return {
    take: () => {
      if (taken >= max) return false
      taken++
      return true
    },
    free: () => {
      taken--
    },
  }
}
