import { spreadTerm } from '../filters/topology-spread-filter.js'
import type { DomainScorePlugin, WeightedScore } from '../plugins/plugin.js'
import { softSpread } from './topology-spread-preference.js'

/** So many levels of a tree are looked at. */
const LEVELS_MAX = 8

/**
 * Scores for a profile that combines lexicographically: the rules of a request with `ScheduleAnyway` are levels of a tree, as
 * spread preferences of Swarm. The first level has its branches filled evenly, then the second within each branch, and so
 * on, for 8 levels: `100 / (1 + tasks)` each. Nodes that lack the attribute of a level are a branch of it.
 */
export function spreadLevels(): readonly WeightedScore[] {
  return Array.from({ length: LEVELS_MAX }, (_, level) => ({ plugin: spreadLevel(level), weight: 1 }))
}

function spreadLevel(level: number): DomainScorePlugin {
  return {
    name: `spread-level-${level + 1}`,
    locality: 'domain',
    applies: request => softSpread(request).length > level,
    terms(request) {
      const rules = softSpread(request)
      const rule = rules[level]
      if (rule === undefined) return []
      const within = rules.slice(0, level).map(({ attribute }) => attribute)
      return [{ ...spreadTerm(rule, request), within, countsLacking: true }]
    },
    score: (_request, node, domains) => 100 / (1 + domains.count(0, node)),
  }
}
