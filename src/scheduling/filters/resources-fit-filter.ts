import type { NodeView } from '../nodes/node-view.js'
import type { FilterPlugin, FilterReason } from '../plugins/plugin.js'
import type { Demand, PreparedRequest } from '../requests/placement-request.js'

/**
 * Keeps tasks to nodes with room: one more of the node's `pods`, and of each resource asked for at least the amount
 * asked for. A resource that is not asked for never matters, even where more is taken than there is.
 * Every resource that is short is a reason of its own.
 */
export function resourcesFit(): FilterPlugin {
  return {
    name: 'resources-fit',
    locality: 'node',
    passes: hasAmounts,
    formula: 'room',
    filter: (request, node) => (hasAmounts(request, node) ? undefined : shortages(request, node)),
  }
}

function hasAmounts({ demands }: PreparedRequest, node: NodeView): boolean {
  if (node.taskCount >= node.taskLimit) return false
  for (let index = 0; index < demands.length; index++) {
    const { column, amount } = demands[index] as Demand
    if (amount > node.allocatable(column) - node.requested(column)) return false
  }
  return true
}

function shortages(request: PreparedRequest, node: NodeView): readonly FilterReason[] {
  const reasons: FilterReason[] = []
  if (node.taskCount >= node.taskLimit) {
    reasons.push({
      code: 'TooManyTasks',
      message: 'Too many tasks',
      unresolvable: node.taskLimit < 1,
      params: {
        resource: 'pods',
        asked: 1,
        free: node.taskLimit - node.taskCount,
        allocatable: node.taskLimit,
      },
    })
  }
  for (const demand of request.demands) {
    const reason = shortage(demand, node)
    if (reason !== undefined) reasons.push(reason)
  }
  return reasons
}

/** Why the node has too little of one resource; undefined when it has enough. */
export function shortage({ resource, column, amount }: Demand, node: NodeView): FilterReason | undefined {
  const allocatable = node.allocatable(column)
  const free = allocatable - node.requested(column)
  if (amount <= free) return undefined
  return {
    code: 'InsufficientResource',
    message: `Insufficient ${resource}`,
    unresolvable: amount > allocatable,
    params: { resource, asked: amount, free, allocatable },
  }
}
