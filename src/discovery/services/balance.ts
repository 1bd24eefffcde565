import type { Endpoint, TrafficShare } from '../../core/index.js'

/** How the next endpoint is chosen. */
export type BalancePolicy = 'round-robin' | 'least-connections'

/** Chooses among a fixed list of candidates, by index. Deterministic: equal calls give equal picks. */
export interface Balancer {
  /**
   * @param active open connections of a candidate
   * @param excluded candidates not to pick, such as those that were tried already
   * @returns -1 when every candidate is excluded
   */
  pick(active: (index: number) => number, excluded?: ReadonlySet<number>): number
}

/**
 * Weights of endpoints so that each template gets its share, spread evenly over its endpoints. Endpoints of
 * templates without a share get nothing, unless no endpoint has one: then all are alike, because the wrong
 * template is better than no answer.
 */
export function endpointWeights(
  endpoints: readonly Endpoint[],
  backends: readonly TrafficShare[] | undefined,
): readonly number[] {
  if (backends === undefined) return endpoints.map(() => 1)
  const counts = new Map<string, number>()
  for (const { template = '' } of endpoints) counts.set(template, (counts.get(template) ?? 0) + 1)
  const shares = new Map(backends.map(({ template, weight }) => [template, weight]))
  const weights = endpoints.map(
    ({ template = '' }) => (shares.get(template) ?? 0) / (counts.get(template) ?? 1),
  )
  return weights.some(weight => weight > 0) ? weights : endpoints.map(() => 1)
}

/**
 * Makes a balancer over candidates with these weights, ≥ 0.
 *
 * `round-robin` is smooth: a candidate's turns are spread out (weights 5, 1, 1 give a a b a c a a). It is nginx's
 * algorithm: each adds its weight to its credit, the richest is picked and pays the sum of all weights.
 * `least-connections` picks the smallest (active + 1) / weight; among equals, by turns.
 *
 * @param start where the turns begin; pass a running count to continue after the candidates changed
 */
export function createBalancer(policy: BalancePolicy, weights: readonly number[], start = 0): Balancer {
  if (policy === 'least-connections') return leastConnections(weights, start)
  return weights.every(weight => weight === weights[0])
    ? plainRounds(weights.length, start)
    : smoothRounds(weights)
}

const NONE: ReadonlySet<number> = /* @__PURE__ */ new Set<number>()

function plainRounds(count: number, start: number): Balancer {
  let next = count === 0 ? 0 : start % count
  return {
    pick: (_active, excluded = NONE) => {
      for (let tried = 0; tried < count; tried++) {
        const index = next
        next = (next + 1) % count
        if (!excluded.has(index)) return index
      }
      return -1
    },
  }
}

function smoothRounds(weights: readonly number[]): Balancer {
  const credit = weights.map(() => 0)
  return {
    pick: (_active, excluded = NONE) => {
      let best = -1
      let sum = 0
      for (const [i, weight] of weights.entries()) {
        if (weight === 0 || excluded.has(i)) continue
        credit[i] = (credit[i] as number) + weight
        sum += weight
        if (best < 0 || (credit[i] as number) > (credit[best] as number)) best = i
      }
      if (best >= 0) credit[best] = (credit[best] as number) - sum
      return best
    },
  }
}

function leastConnections(weights: readonly number[], start: number): Balancer {
  let turn = start
  return {
    pick: (active, excluded = NONE) => {
      let best = -1
      let least = Number.POSITIVE_INFINITY
      for (let k = 0; k < weights.length; k++) {
        const i = (turn + k) % weights.length
        const load = (active(i) + 1) / (weights[i] as number)
        if (excluded.has(i) || load >= least) continue
        least = load
        best = i
      }
      if (best >= 0) turn = best + 1
      return best
    },
  }
}
