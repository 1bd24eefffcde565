import type { NodeScorePlugin } from '../plugins/plugin.js'

/** Prefers nodes with few tasks, whatever they ask for: `100 / (1 + tasks)`. */
export function fewestTasks(): NodeScorePlugin {
  return {
    name: 'fewest-tasks',
    locality: 'node',
    score: (_request, node) => 100 / (1 + node.taskCount),
    formula: { of: 'tasks' },
  }
}
