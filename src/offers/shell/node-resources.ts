import type { Node, Reservation, Task } from '../../api/index.js'
import { reservedAmounts } from '../../api/internal.js'
import type { AgentSpec } from '../allocator/allocator-event.js'
import type { Quantities } from '../resources/quantities.js'
import { minusQuantities } from '../resources/quantities.js'
import type { ResourceSet } from '../resources/resource-set.js'
import { resources } from '../resources/resource-text.js'
import { quantitiesOfInput } from './node-amounts.js'
import { reservedOn } from './reservation-object.js'

/**
 * A node as an agent, with what is kept there for roles, and without what is kept for single tasks. What
 * it has rounds down.
 */
export function agentOfNode(node: Node, reservations: readonly Reservation[]): AgentSpec {
  const { metadata, status = {} } = node
  const reserved = reservedOn(reservations)
  let open = capacityOf(node)
  for (const { spec } of reservations)
    if (spec.role === undefined)
      open = minusQuantities(open, quantitiesOfInput(reservedAmounts(spec), 'asked'))
  const unreserved = minusQuantities(open, reserved.quantities())
  return {
    id: metadata.name,
    host: metadata.name,
    resources: resources(unreserved).plus(reserved),
    attributes: { ...metadata.labels, ...status.attributes },
  }
}

/** All that a node has. */
function capacityOf({ status = {} }: Node): Quantities {
  return quantitiesOfInput(status.allocatable ?? status.capacity ?? {}, 'had')
}

/** What a task requests of its node. Rounds up, so that what fits there fits here. */
export function resourcesOfTask({ spec }: Pick<Task, 'spec'>): ResourceSet {
  const { requests = {}, limits = {} } = spec.resources ?? {}
  return resources({ ...quantitiesOfInput(limits, 'asked'), ...quantitiesOfInput(requests, 'asked') })
}
