import type { Reservation } from '../../api/index.js'
import { reservedAmounts } from '../../api/internal.js'
import { contentHash, formatTime } from '../../core/index.js'
import type { ObjectInput } from '../../store/index.js'
import type { Resource } from '../resources/resource.js'
import { isIndivisible } from '../resources/resource.js'
import { ResourceSet } from '../resources/resource-set.js'
import { resources } from '../resources/resource-text.js'
import { quantitiesOfInput, requestsOf } from './node-amounts.js'

/** What reservations of one node keep for roles. */
export function reservedOn(reservations: readonly Reservation[]): ResourceSet {
  let set = ResourceSet.empty
  for (const { spec } of reservations) set = set.plus(chunkOfReservation(spec))
  return set
}

/** What of a set is kept for roles. */
export function reservedPart(set: ResourceSet): ResourceSet {
  return set.filter(({ reservations = [] }) => reservations.length > 0)
}

/** The objects that keep what of a node is reserved: one for each chunk, whose name says which one it is. */
export function reservationObjects(
  nodeName: string,
  reserved: ResourceSet,
): ReadonlyMap<string, ObjectInput<Reservation['spec'], never>> {
  const objects = new Map<string, ObjectInput<Reservation['spec'], never>>()
  for (const resource of reserved) {
    const { value, ...kind } = resource
    const layer = resource.reservations?.at(-1)
    if (layer === undefined) continue
    const identity = contentHash(isIndivisible(resource) ? resource : { ...kind, type: typeof value })
    const name = vacantName(`${nodeName}-${identity}`, objects)
    const spec: Reservation['spec'] = {
      nodeName,
      role: layer.role,
      requests: requestsOf(resources([resource])),
      ...(layer.expiresAtMs === undefined ? {} : { expireTime: formatTime(layer.expiresAtMs) }),
      resource: { ...resource },
    }
    objects.set(name, { metadata: { name }, spec })
  }
  return objects
}

/** Whole devices that are alike have one name and a number. */
function vacantName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let vacant = name
  for (let n = 2; taken.has(vacant); n++) vacant = `${name}-${n}`
  return vacant
}

/** What somebody else wrote may lack the exact chunk: then its scalars are kept for the role. */
function chunkOfReservation(spec: Reservation['spec']): ResourceSet {
  const { resource, role } = spec
  if (role === undefined) return ResourceSet.empty
  try {
    if (resource !== undefined) return resources([resource as unknown as Resource])
    const amounts = Object.entries(quantitiesOfInput(reservedAmounts(spec), 'asked'))
    return resources(amounts.map(([name, value]) => ({ name, value, reservations: [{ role }] })))
  } catch {
    return ResourceSet.empty
  }
}
