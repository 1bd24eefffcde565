import { countAvoidedTaints } from '../../core/internal.js'
import { spreadTerm } from '../filters/topology-spread-filter.js'
import type { DomainScorePlugin, NodeScorePlugin } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/** TaintToleration: the number of untolerated `PreferNoSchedule` taints, most is 0 and none is 100. */
export function kubernetesTaintToleration(): NodeScorePlugin {
  return {
    name: 'taint-toleration',
    locality: 'static',
    normalize: 'reverseMax',
    score: (request, node) => countAvoidedTaints(node.taints, request.tolerations),
  }
}

/** NodeAffinity: the sum of the weights of matching preferences, the largest is 100. */
export function kubernetesNodeAffinity(): NodeScorePlugin {
  return {
    name: 'node-affinity',
    locality: 'static',
    normalize: 'max',
    applies: ({ preferences }) => preferences.length > 0,
    score: ({ preferences }, node) =>
      Math.max(
        0,
        preferences.reduce((sum, { weight, matches }) => (matches(node) ? sum + weight : sum), 0),
      ),
  }
}

/**
 * PodTopologySpread, for rules with `ScheduleAnyway`: the rounded sum of `count · ln(domains + 2) + maxSkew − 1`; the
 * smallest is best. Domains are counted among nodes that the task may enter.
 */
export function kubernetesTopologySpread(): DomainScorePlugin {
  return {
    name: 'pod-topology-spread',
    locality: 'domain',
    normalize: 'reverseSum',
    applies: request => soft(request).length > 0,
    terms: request => soft(request).map(spread => spreadTerm(spread, request)),
    score(request, node, domains) {
      let sum = 0
      for (const [at, { maxSkew = 1 }] of soft(request).entries())
        sum += domains.count(at, node) * Math.log(domains.values(at, 'enterable') + 2) + (maxSkew - 1)
      return Math.round(sum)
    },
  }
}

function soft({ spread }: PreparedRequest): PreparedRequest['spread'] {
  return spread.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
}
