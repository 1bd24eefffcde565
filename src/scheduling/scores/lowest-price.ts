import { InvalidError } from '../../core/index.js'
import type { NodeView } from '../nodes/node-view.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'

/**
 * Prefers cheap nodes: 100 less the price as a percentage of the highest among the nodes that fit.
 *
 * @param priceOf of what describes a node, in any one unit; a finite number of at least 0. A pure function
 * @throws InvalidError from `place`, for a price that is none
 */
export function lowestPrice(priceOf: (node: NodeView) => number): NodeScorePlugin {
  return {
    name: 'lowest-price',
    locality: 'static',
    normalize: 'reverseMax',
    reads: [],
    score: (_request, node) => {
      const price = priceOf(node)
      if (Number.isFinite(price) && price >= 0) return price
      const message = 'must be a finite number of at least 0'
      throw new InvalidError(`price of node ${node.name}`, [{ field: 'priceOf', value: price, message }])
    },
  }
}
