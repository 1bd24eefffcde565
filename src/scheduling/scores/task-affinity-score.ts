import type { TaskAffinity } from '../../core/internal.js'
import type { DomainScorePlugin } from '../plugins/plugin.js'
import { perRequest } from '../requests/per-request.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { affinityTerm } from '../requests/task-affinity.js'

/**
 * Prefers domains of tasks that the task would rather be near, and avoids those of tasks it would rather be apart from:
 * the sum of `weight · tasks`, with a minus for the latter, stretched over all nodes that fit to 0…100.
 */
export function taskAffinityPreference(): DomainScorePlugin {
  const preferredOf = perRequest(preferred)
  return {
    name: 'task-affinity-preference',
    locality: 'domain',
    normalize: 'minMax',
    applies: request => preferred(request).length > 0,
    terms: request => preferred(request).map(term => affinityTerm(term, request)),
    score(request, node, domains) {
      let sum = 0
      for (const [at, { kind, weight = 0 }] of preferredOf(request).entries())
        sum += (kind === 'affinity' ? weight : -weight) * domains.count(at, node)
      return sum
    },
  }
}

function preferred({ affinity }: PreparedRequest): readonly TaskAffinity[] {
  return affinity.length === 0 ? affinity : affinity.filter(({ weight }) => weight !== undefined)
}
