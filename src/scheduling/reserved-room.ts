import type { ResourceVector } from '../core/index.js'
import type { HeldDevices } from './nodes/devices.js'
import type { HostPort } from './nodes/host-ports.js'

/** Room held on a node. */
export interface Reservation {
  /** Unique among the keys of tasks. */
  readonly name: string
  readonly node: string
  /** Key of the request that it is held for. */
  readonly forKey: string
  /** Amounts in base units. */
  readonly requests?: ResourceVector
  /** With numbers. */
  readonly hostPorts?: readonly HostPort[]
  readonly held?: readonly HeldDevices[]
}
