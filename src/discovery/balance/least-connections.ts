import type { Balancer, Candidate } from './balancer.js'
import { weighted } from './balancer.js'

/** The smallest (active + 1) / weight; among equals, by turns. A pick costs O(candidates). */
export function createLeastConnections(): Balancer {
  let candidates: readonly Candidate[] = []
  let last: string | undefined
  return {
    update: next => {
      candidates = weighted(next)
    },
    pick: ({ excluded, active = () => 0 } = {}) => {
      const count = candidates.length
      const start = last === undefined ? 0 : candidates.findIndex(({ id }) => id > (last as string))
      let best: string | undefined
      let least = Number.POSITIVE_INFINITY
      for (let k = 0; k < count; k++) {
        const { id, weight } = candidates[(Math.max(0, start) + k) % count] as Candidate
        if (excluded?.has(id) === true) continue
        const load = (active(id) + 1) / weight
        if (load >= least) continue
        least = load
        best = id
      }
      last = best ?? last
      return best
    },
  }
}
