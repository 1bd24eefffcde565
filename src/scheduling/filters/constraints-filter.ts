import type { FilterPlugin } from '../plugins/plugin.js'

/** Keeps tasks to nodes whose attributes satisfy every constraint. Every constraint that fails is a reason. */
export function constraints(): FilterPlugin {
  return {
    name: 'constraints',
    locality: 'node',
    filter(request, node) {
      if (request.constraints === undefined) return undefined
      const reasons = request.constraints.evaluate(node.attributes)
      return reasons.length === 0 ? undefined : reasons.map(reason => ({ ...reason, unresolvable: true }))
    },
  }
}
