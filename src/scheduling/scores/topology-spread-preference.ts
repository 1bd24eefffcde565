import type { TopologySpread } from '../../core/internal.js'
import { spreadTerm } from '../filters/topology-spread-filter.js'
import type { DomainScorePlugin } from '../plugins/plugin.js'
import { perRequest } from '../requests/per-request.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/**
 * Prefers domains with few tasks, for rules with `ScheduleAnyway`: the mean of `100 / (1 + tasks)` over the rules; 0 for
 * one whose attribute the node lacks.
 */
export function topologySpreadPreference(): DomainScorePlugin {
  const rulesOf = perRequest(softSpread)
  return {
    name: 'topology-spread-preference',
    locality: 'domain',
    applies: request => softSpread(request).length > 0,
    terms: request => softSpread(request).map(spread => spreadTerm(spread, request)),
    score(request, node, domains) {
      const rules = rulesOf(request)
      let sum = 0
      for (let at = 0; at < rules.length; at++)
        if (domains.value(at, node) !== undefined) sum += 100 / (1 + domains.count(at, node))
      return sum / rules.length
    },
  }
}

function softSpread({ spread }: PreparedRequest): readonly TopologySpread[] {
  return spread.length === 0
    ? spread
    : spread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
}
