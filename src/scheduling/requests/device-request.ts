import { compileConstraints } from '../../core/index.js'
import type { DeviceRequest } from '../../core/internal.js'
import type { FreeDevice, HeldDevices, NodeDevice } from '../nodes/devices.js'

/** A request as it is compared with devices. */
export interface CompiledDeviceRequest {
  readonly kind: string
  readonly count: number
  /** How much of each, from 0 to 1. */
  readonly share: number
  readonly accepts: (device: NodeDevice) => boolean
}

export function compileDeviceRequests(
  requests: readonly DeviceRequest[] = [],
): readonly CompiledDeviceRequest[] {
  return requests.map(({ kind, count = 1, share = 1, constraints = [] }) => {
    const { node } = compileConstraints(constraints)
    return {
      kind,
      count,
      share,
      accepts: device =>
        device.kind === kind && node.every(one => one.evaluate(device.attributes ?? {}).kind === 'satisfied'),
    }
  })
}

/**
 * Which devices to give: each request gets its count of those that it accepts, each another one of which there is enough;
 * undefined when they are too few. Whoever accepts more gives way to whoever accepts less (augmenting paths), so a choice is
 * found if there is one. A share goes to the device that has the least left, so that others stay whole; of equal choices the
 * devices listed first.
 */
export function chooseDevices(
  requests: readonly CompiledDeviceRequest[],
  devices: readonly FreeDevice[],
): readonly HeldDevices[] | undefined {
  const left = devices.filter(({ free }) => free > 0).sort((a, b) => a.free - b.free)
  const wants = requests.flatMap(request => Array.from({ length: request.count }, () => request))
  /** Who has the device at that place. */
  const holder: (number | undefined)[] = left.map(() => undefined)
  const give = (want: number, tried: Set<number>): boolean => {
    for (const [at, { device, free }] of left.entries()) {
      const { share, accepts } = wants[want] as CompiledDeviceRequest
      if (tried.has(at) || free < share || !accepts(device)) continue
      tried.add(at)
      const other = holder[at]
      if (other !== undefined && !give(other, tried)) continue
      holder[at] = want
      return true
    }
    return false
  }
  for (const want of wants.keys()) if (!give(want, new Set())) return undefined
  return heldBy(wants, holder, left)
}

/** By kind and share, those of the devices listed first. */
function heldBy(
  wants: readonly CompiledDeviceRequest[],
  holder: readonly (number | undefined)[],
  left: readonly FreeDevice[],
): readonly HeldDevices[] {
  const found = new Map<string, { readonly kind: string; readonly ids: string[]; readonly share?: number }>()
  for (const [at, { device }] of left.entries()) {
    const want = holder[at]
    if (want === undefined) continue
    const { share } = wants[want] as CompiledDeviceRequest
    const key = `${share} ${device.kind}`
    const known = found.get(key)
    if (known !== undefined) known.ids.push(device.id)
    else found.set(key, { kind: device.kind, ids: [device.id], ...(share === 1 ? {} : { share }) })
  }
  return [...found.values()].map(one => ({ ...one, ids: one.ids.toSorted() }))
}
