import type { HeldDevices } from '../nodes/devices.js'
import type { HostPort } from '../nodes/host-ports.js'
import { givePorts } from '../nodes/host-ports.js'
import type { NodeView } from '../nodes/node-view.js'
import { chooseDevices } from './device-request.js'
import type { PreparedRequest } from './placement-request.js'

/** What a request is given on its node, beside what it named itself. */
export interface GivenOnNode {
  /** All its ports, those of ranges with numbers; absent when it asks for none of a range. */
  readonly hostPorts?: readonly HostPort[]
  /** Absent when it asks for no devices. */
  readonly held?: readonly HeldDevices[]
}

/** Which ports of ranges, and which devices, a request gets on the node that passed its filters. */
export function whatIsGiven(
  { hostPorts, dynamicPorts, devices }: PreparedRequest,
  row: NodeView,
): GivenOnNode {
  if (dynamicPorts.length + devices.length === 0) return NOTHING_GIVEN
  const isTaken = (port: HostPort): boolean => row.portConflict([port]) !== undefined
  const ports =
    dynamicPorts.length === 0
      ? undefined
      : givePorts([...hostPorts, ...dynamicPorts], isTaken, row.releasedPorts)
  const held = devices.length === 0 ? undefined : chooseDevices(devices, row.devices)
  return { ...(ports === undefined ? {} : { hostPorts: ports }), ...(held === undefined ? {} : { held }) }
}

const NOTHING_GIVEN: GivenOnNode = Object.freeze({})
