import type { NodeScorePlugin } from '../plugins/plugin.js'

/** Prefers nodes with few siblings of the task: `100 / (1 + siblings)`. Says nothing about a task without a group. */
export function siblingSpread(): NodeScorePlugin {
  return {
    name: 'sibling-spread',
    locality: 'node',
    applies: request => request.group !== undefined,
    score: ({ group = '' }, node) => 100 / (1 + node.siblingCount(group)),
    most: () => 100,
  }
}
