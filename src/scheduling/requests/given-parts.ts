import type { HeldDevices } from '../nodes/devices.js'
import type { HostPort } from '../nodes/host-ports.js'
import { givePorts } from '../nodes/host-ports.js'
import type { NodeView } from '../nodes/node-view.js'
import { chooseDevices } from './device-request.js'
import type { PreparedRequest } from './placement-request.js'

/** Which ports of ranges, and which devices, a request gets on the node that passed its filters. */
export function whatIsGiven(
  { hostPorts, dynamicPorts, devices }: PreparedRequest,
  row: NodeView,
): { readonly hostPorts?: readonly HostPort[]; readonly held?: readonly HeldDevices[] } {
  if (dynamicPorts.length + devices.length === 0) return NOTHING_GIVEN
  const isTaken = (port: HostPort): boolean => row.portConflict([port]) !== undefined
  const ports = dynamicPorts.length === 0 ? undefined : givePorts([...hostPorts, ...dynamicPorts], isTaken)
  const free = row.devices.flatMap(({ device, isHeld }) => (isHeld ? [] : [device]))
  const held = devices.length === 0 ? undefined : chooseDevices(devices, free)
  return { ...(ports === undefined ? {} : { hostPorts: ports }), ...(held === undefined ? {} : { held }) }
}

const NOTHING_GIVEN = Object.freeze({})
