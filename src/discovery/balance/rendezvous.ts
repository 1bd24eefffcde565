import { hashText } from '../structures/text-hash.js'
import type { Balancer, Candidate } from './balancer.js'
import { weighted } from './balancer.js'

/**
 * Rendezvous hashing: each key ranks all candidates, the first that is not excluded is picked. When one goes, only its keys
 * move. A candidate's share is its weight (−weight / ln u, the weighted form). A pick costs O(candidates).
 */
export function createRendezvous(): Balancer {
  let candidates: readonly Candidate[] = []
  return {
    update: given => {
      candidates = weighted(given)
    },
    pick: ({ key = '', excluded } = {}) => {
      let best: string | undefined
      let most = Number.NEGATIVE_INFINITY
      for (const { id, weight } of candidates) {
        if (excluded?.has(id) === true) continue
        const score = rendezvousScore(key, id, weight)
        if (score < most || (score === most && best !== undefined && id > best)) continue
        most = score
        best = id
      }
      return best
    },
  }
}

/** The first `count` ids by rank for the key; equal inputs give equal lists, in any order of the ids. */
export function rendezvousOrder(key: string, ids: readonly string[], count: number): readonly string[] {
  return ids
    .map(id => ({ id, score: rendezvousScore(key, id, 1) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id)
}

function rendezvousScore(key: string, id: string, weight: number): number {
  // Never 0 or 1, whose logarithm would rank them outside all others.
  const unit = (hashText(`${key}\u0000${id}`) + 0.5) / 2 ** 32
  return -weight / Math.log(unit)
}
