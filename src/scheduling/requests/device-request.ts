import { compileConstraints } from '../../core/index.js'
import type { DeviceRequest } from '../../core/internal.js'
import type { HeldDevices, NodeDevice } from '../nodes/devices.js'

/** A request as it is compared with devices. */
export interface CompiledDeviceRequest {
  readonly kind: string
  readonly count: number
  readonly accepts: (device: NodeDevice) => boolean
}

export function compileDeviceRequests(
  requests: readonly DeviceRequest[] = [],
): readonly CompiledDeviceRequest[] {
  return requests.map(({ kind, count = 1, constraints = [] }) => {
    const { node } = compileConstraints(constraints)
    return {
      kind,
      count,
      accepts: device =>
        device.kind === kind && node.every(one => one.evaluate(device.attributes ?? {}).kind === 'satisfied'),
    }
  })
}

/**
 * Which devices to give: each request gets its count of those that it accepts and that nothing has; undefined when they are
 * too few. Whoever accepts more gives way to whoever accepts less (augmenting paths), so a choice is found if there is one.
 * Of equal choices the devices listed first.
 */
export function chooseDevices(
  requests: readonly CompiledDeviceRequest[],
  free: readonly NodeDevice[],
): readonly HeldDevices[] | undefined {
  const wants = requests.flatMap(request => Array.from({ length: request.count }, () => request))
  /** Who has the device at that place. */
  const holder: (number | undefined)[] = free.map(() => undefined)
  const give = (want: number, tried: Set<number>): boolean => {
    for (const [at, device] of free.entries()) {
      if (tried.has(at) || wants[want]?.accepts(device) !== true) continue
      tried.add(at)
      const other = holder[at]
      if (other !== undefined && !give(other, tried)) continue
      holder[at] = want
      return true
    }
    return false
  }
  for (const want of wants.keys()) if (!give(want, new Set())) return undefined
  const ids = new Map<string, string[]>()
  for (const [at, { kind, id }] of free.entries())
    if (holder[at] !== undefined) ids.set(kind, [...(ids.get(kind) ?? []), id])
  return [...ids].map(([kind, own]) => ({ kind, ids: own.sort() }))
}
