import type { Endpoint, TrafficShare } from '../../core/index.js'
import type { Candidate } from './balancer.js'

/**
 * Candidates of endpoints so that each template gets its share, spread over its endpoints by their own weights (default
 * 1). Endpoints of templates without a share get nothing, unless no endpoint has one: then their own weights count
 * alone, because the wrong template is better than no answer. Without shares endpoints have their own weights.
 */
export function trafficCandidates(
  endpoints: readonly Endpoint[],
  shares: readonly TrafficShare[] | undefined,
): readonly Candidate[] {
  const own = endpoints.map(({ id, weight = 1 }) => ({ id, weight }))
  if (shares === undefined) return own
  const shareOf = new Map(shares.map(({ template, weight }) => [template, weight]))
  const totals = new Map<string, number>()
  for (const { template = '', weight = 1 } of endpoints)
    totals.set(template, (totals.get(template) ?? 0) + weight)
  const candidates = endpoints.map(({ id, template = '', weight = 1 }) => {
    const total = totals.get(template) ?? 0
    const share = shareOf.get(template) ?? 0
    return { id, group: template, weight: total === 0 ? 0 : (share * weight) / total }
  })
  return candidates.some(({ weight }) => weight > 0) ? candidates.filter(({ weight }) => weight > 0) : own
}
