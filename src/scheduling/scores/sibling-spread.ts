import type { NodeScorePlugin } from '../plugins/plugin.js'

/** Prefers nodes with few siblings of the task: `100 / (1 + siblings)`; 100 for a task without a group. */
export function siblingSpread(): NodeScorePlugin {
  return {
    name: 'sibling-spread',
    locality: 'node',
    score: (request, node) =>
      request.group === undefined ? 100 : 100 / (1 + node.siblingCount(request.group)),
  }
}
