import { assertValid, wholeNumber } from '../../core/internal.js'
import { hashText } from '../structures/text-hash.js'
import type { Balancer } from './balancer.js'
import { weighted } from './balancer.js'

/** Points of the candidate with the largest weight. They do not depend on how many others there are. */
const POINTS = 128
const POINTS_MAX = 4096

/**
 * Consistent hashing on a ring: each candidate has points by its weight, a key goes to the first point behind its own. A pick
 * costs O(log points).
 *
 * @param points of the candidate with the largest weight, 1 to 4096. Default 128
 * @throws InvalidError for a number out of bounds
 */
export function createRingHash(points: number = POINTS): Balancer {
  assertValid('ring hash', wholeNumber('points', points, { min: 1, max: POINTS_MAX }))
  let ring: readonly { readonly at: number; readonly id: string }[] = []
  return {
    update: candidates => {
      const ours = weighted(candidates)
      const most = Math.max(...ours.map(({ weight }) => weight), 0)
      ring = ours
        .flatMap(({ id, weight }) => {
          const own = Math.ceil((points * weight) / most)
          return Array.from({ length: own }, (_, n) => ({ at: hashText(`${id}_${n}`), id }))
        })
        .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    },
    pick: ({ key = '', excluded } = {}) => {
      const start = firstBehind(ring, hashText(key))
      for (let step = 0; step < ring.length; step++) {
        const id = ring[(start + step) % ring.length]?.id
        if (id !== undefined && excluded?.has(id) !== true) return id
      }
      return undefined
    },
  }
}

function firstBehind(ring: readonly { readonly at: number }[], hash: number): number {
  let [low, high] = [0, ring.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ring[middle]?.at ?? 0) < hash) low = middle + 1
    else high = middle
  }
  return low
}
