import type { TopologySpread } from '../../core/internal.js'
import { spreadTerm } from '../filters/topology-spread-filter.js'
import type { NodeView } from '../nodes/node-view.js'
import type { DomainScorePlugin, DomainView } from '../plugins/plugin.js'
import { perRequest } from '../requests/per-request.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { targetOf, targetSpread } from './target-spread.js'

/**
 * Prefers domains with few tasks, for rules with `ScheduleAnyway`: the mean over the rules of `100 / (1 + tasks)`, or with
 * `targets` of how far the domain is below its share, from 0 to 100; 0 for one whose attribute the node lacks.
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
        sum += scoreOf(rules[at] as TopologySpread, at, node, { instances: request.instances, domains })
      return sum / rules.length
    },
  }
}

function scoreOf(
  { targets }: TopologySpread,
  at: number,
  node: NodeView,
  { instances, domains }: { readonly instances: number; readonly domains: DomainView },
): number {
  const value = domains.value(at, node)
  if (value === undefined) return 0
  const used = domains.count(at, node)
  if (targets === undefined) return 100 / (1 + used)
  const count = Math.max(instances, domains.counts(at).total + 1)
  return 50 + 50 * Math.max(-1, targetSpread(targetOf(targets, value), count, used))
}

function softSpread({ spread }: PreparedRequest): readonly TopologySpread[] {
  return spread.length === 0
    ? spread
    : spread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
}
