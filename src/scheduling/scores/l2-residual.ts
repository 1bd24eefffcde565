import type { NodeScorePlugin } from '../plugins/plugin.js'

/**
 * Prefers nodes that little is left of: `(1 − √(Σ left² / n)) · 100`, where `left` is the share of each of the `n` resources
 * asked for that is free with the task on the node. What is left of several resources alike counts less than the same
 * amount left of one alone, so nodes fill evenly and are full in the end (L2 norm; Panigrahy et al. 2011).
 */
export function l2Residual(): NodeScorePlugin {
  return {
    name: 'l2-residual',
    locality: 'node',
    applies: ({ demands }) => demands.length > 0,
    score: ({ demands }, node) => {
      let sum = 0
      for (const { column, amount } of demands) {
        const allocatable = node.allocatable(column)
        const left = Math.max(0, allocatable - node.requested(column) - amount)
        if (allocatable > 0) sum += (left / allocatable) ** 2
      }
      return (1 - Math.sqrt(sum / demands.length)) * 100
    },
  }
}
