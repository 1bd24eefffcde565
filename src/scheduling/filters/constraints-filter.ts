import type { CompiledConstraint } from '../../core/internal.js'
import type { NodeView } from '../nodes/node-view.js'
import type { FilterPlugin, FilterReason } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/** Keeps tasks to nodes whose attributes satisfy every constraint on the node. Every one that fails is a reason. */
export function constraints(): FilterPlugin {
  return {
    name: 'constraints',
    locality: 'node',
    filter: (request, node) => failures(request.constraints?.node, request, node),
  }
}

/** Keeps tasks to nodes that satisfy every constraint on where the siblings are. Every one that fails is a reason. */
export function siblingConstraints(): FilterPlugin {
  return {
    name: 'sibling-constraints',
    locality: 'siblings',
    filter: (request, node) => failures(request.constraints?.siblings, request, node),
  }
}

function failures(
  constraints: readonly CompiledConstraint[] | undefined,
  request: PreparedRequest,
  node: NodeView,
): readonly FilterReason[] | undefined {
  if (constraints === undefined || constraints.length === 0) return undefined
  const reasons: FilterReason[] = []
  for (const constraint of constraints) {
    const verdict = constraint.evaluate(node.attributes, request.siblings)
    if (verdict.kind === 'satisfied') continue
    const unresolvable = verdict.reason.code !== 'SiblingLimit'
    reasons.push({ ...verdict.reason, unresolvable })
  }
  return reasons.length === 0 ? undefined : reasons
}
