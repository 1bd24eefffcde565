import type { TopologySpread } from '../../core/internal.js'
import { attributeOf, attributeText } from '../../core/internal.js'
import { spreadTerm } from '../filters/topology-spread-filter.js'
import type { NodeView } from '../nodes/node-view.js'
import type { DomainScorePlugin, DomainView } from '../plugins/plugin.js'
import { perRequest } from '../requests/per-request.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import type { DomainTerm } from '../requests/task-set.js'
import { targetOf, targetSpread } from './target-spread.js'

/**
 * Prefers domains with few tasks, for rules with `ScheduleAnyway`: the mean by weight over the rules of `100 / (1 + tasks)`,
 * or with `targets` of how far the domain is below its share, from 0 to 100; 0 for one whose attribute the node lacks.
 */
export function topologySpreadPreference(): DomainScorePlugin {
  const rulesOf = perRequest(softRules)
  return {
    name: 'topology-spread-preference',
    locality: 'domain',
    applies: request => softSpread(request).length > 0,
    terms: request => softRules(request).flatMap(({ terms }) => terms),
    score(request, node, domains) {
      let sum = 0
      let weights = 0
      for (const rule of rulesOf(request)) {
        const weight = rule.spread.weight ?? 1
        sum += weight * scoreOf(rule, node, domains, request.instances)
        weights += weight
      }
      return sum / weights
    },
  }
}

/** A rule, what it counts, and where that is among the terms of all rules. */
interface SoftRule {
  readonly spread: TopologySpread
  /** Its domains; of shares within something, also what that has in all. */
  readonly terms: readonly DomainTerm[]
  readonly at: number
}

function softRules(request: PreparedRequest): readonly SoftRule[] {
  let at = 0
  return softSpread(request).map(spread => {
    const own = spreadTerm(spread, request)
    const { targets, within = [] } = spread
    const attribute = within.at(-1)
    const isShare = targets !== undefined && attribute !== undefined
    const around: DomainTerm = {
      ...own,
      attribute: attribute ?? '',
      within: within.slice(0, -1),
      countsLacking: true,
    }
    const rule = { spread, terms: isShare ? [own, around] : [own], at }
    at += rule.terms.length
    return rule
  })
}

function scoreOf(
  { spread, terms, at }: SoftRule,
  node: NodeView,
  domains: DomainView,
  instances: number,
): number {
  const { attribute, targets } = spread
  const value = attributeOf(node.attributes, attribute)
  if (value === undefined) return 0
  const used = domains.count(at, node)
  if (targets === undefined) return 100 / (1 + used)
  const count =
    terms.length > 1 ? domains.count(at + 1, node) + 1 : Math.max(instances, domains.counts(at).total + 1)
  return 50 + 50 * Math.max(-1, targetSpread(targetOf(targets, attributeText(value)), count, used))
}

/** The rules of a request that only prefer. */
export function softSpread({ spread }: PreparedRequest): readonly TopologySpread[] {
  return spread.length === 0
    ? spread
    : spread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
}
