import type { Constraint, FieldProblem } from '../../core/index.js'
import { compileConstraints, isKeelsonError } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { HeldDevices, NodeDevice } from '../nodes/devices.js'

/** Devices that a task asks for. */
export interface DeviceRequest {
  /** For example `nvidia.com/gpu`. */
  readonly kind: string
  /** How many, at least 1. Default 1. */
  readonly count?: number
  /** What each of them must satisfy by its attributes; not those on siblings. Default: any device of the kind. */
  readonly constraints?: readonly Constraint[]
}

/** Most devices that one task may ask for. */
const DEVICES_MAX = 1_000

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

/** Faults of the devices asked for. */
export function deviceRequestProblems(requests: readonly DeviceRequest[] = []): FieldProblem[] {
  return requests.flatMap(({ kind, count = 1, constraints = [] }, index) => {
    const at = `devices[${index}]`
    const isKind = typeof kind === 'string' && kind !== ''
    const message = 'must be a text that is not empty'
    return [
      ...(isKind ? [] : [{ field: `${at}.kind`, value: kind, message }]),
      ...wholeNumber(`${at}.count`, count, { min: 1, max: DEVICES_MAX }),
      ...constraintProblems(`${at}.constraints`, constraints),
    ]
  })
}

function constraintProblems(field: string, constraints: readonly Constraint[]): FieldProblem[] {
  try {
    const { siblings } = compileConstraints(constraints)
    if (siblings.length === 0) return []
    return [{ field, value: constraints, message: 'must not be on siblings: a device has none' }]
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return [{ field, value: constraints, message: error.message }]
    throw error
  }
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
