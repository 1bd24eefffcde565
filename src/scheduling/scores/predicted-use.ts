import type { FieldProblem } from '../../core/index.js'
import type { NodeView } from '../nodes/node-view.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/**
 * How much of a resource will be used with the task there, as a share of what the node has: what was measured, and what
 * those who came since and the task itself ask for, times how much more than that tasks are expected to use. Infinite where
 * there is none.
 */
export function predictedShare(
  request: PreparedRequest,
  node: NodeView,
  resource: string,
  useOfRequest: number,
): number {
  const column = request.column(resource)
  const there = node.allocatable(column)
  if (there === 0) return Number.POSITIVE_INFINITY
  const asked = node.requested(column)
  const { usage } = node
  const mean = usage === undefined ? asked : (usage.mean[resource] ?? 0)
  const measured = usage?.requested === undefined ? asked : (usage.requested[resource] ?? 0)
  return (mean + useOfRequest * (Math.max(0, asked - measured) + request.amount(resource))) / there
}

/** Faults of options that must be above 0. */
export function aboveZero(options: Readonly<Record<string, number>>): readonly FieldProblem[] {
  return Object.entries(options).flatMap(([field, value]) =>
    Number.isFinite(value) && value > 0 ? [] : [{ field, value, message: 'must be a finite number above 0' }],
  )
}
