import type { NodeScorePlugin } from '../plugins/plugin.js'

/**
 * Prefers nodes that have most of what the task asks most of: `Σ asked · free`, both as shares of the node, stretched to
 * 0…100 among the nodes that fit (the alignment of Tetris; Grandl et al. 2014).
 */
export function dotProduct(): NodeScorePlugin {
  return {
    name: 'dot-product',
    locality: 'node',
    applies: ({ demands }) => demands.length > 0,
    normalize: 'max',
    score: ({ demands }, node) => {
      let sum = 0
      for (const { column, amount } of demands) {
        const allocatable = node.allocatable(column)
        const free = Math.max(0, allocatable - node.requested(column))
        if (allocatable > 0) sum += (amount / allocatable) * (free / allocatable)
      }
      return sum
    },
  }
}
