import type { NodeScorePlugin } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/**
 * Prefers the nodes that the task's preferences prefer: the weights of those that match, over the sum of all weights,
 * from 0 when all that match are to be avoided to 100 when all that are wanted match.
 */
export function nodePreference(): NodeScorePlugin {
  return {
    name: 'node-preference',
    locality: 'static',
    reads: ['preferences'],
    applies: hasPreferences,
    score({ preferences }, node) {
      let matched = 0
      let all = 0
      for (const { weight, matches } of preferences) {
        all += Math.abs(weight)
        if (matches(node)) matched += weight
      }
      return 50 + (50 * matched) / all
    },
  }
}

function hasPreferences({ preferences }: PreparedRequest): boolean {
  return preferences.length > 0
}
