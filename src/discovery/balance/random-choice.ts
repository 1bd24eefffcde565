import type { Random } from '../../core/index.js'
import type { Balancer, Candidate, PickRequest } from './balancer.js'
import { weighted } from './balancer.js'

/** One at random, by weight. A pick costs O(candidates). */
export function createRandomChoice(random: Random): Balancer {
  let candidates: readonly Candidate[] = []
  return {
    update: given => {
      candidates = weighted(given)
    },
    pick: (request = {}) => drawn(allowed(candidates, request), random)?.id,
  }
}

/**
 * The power of two choices: of two at random, the one with the smaller (active + 1) / weight. Spreads load nearly as well
 * as looking at all, in O(1) where nothing is excluded.
 */
export function createPowerOfTwo(random: Random): Balancer {
  let candidates: readonly Candidate[] = []
  return {
    update: given => {
      candidates = weighted(given)
    },
    pick: (request = {}) => {
      const { active = () => 0 } = request
      const list = allowed(candidates, request)
      const [first, second] = twoOf(list, random)
      if (first === undefined || second === undefined) return first?.id
      const load = ({ id, weight }: Candidate): number => (active(id) + 1) / weight
      return load(second) < load(first) ? second.id : first.id
    },
  }
}

/** Two different ones, where there are two. */
export function twoOf<T>(list: readonly T[], random: Random): readonly [T | undefined, T | undefined] {
  const first = Math.floor(random.next() * list.length)
  const other = Math.floor(random.next() * (list.length - 1))
  return [list[first], list.length < 2 ? undefined : list[other >= first ? other + 1 : other]]
}

function allowed(candidates: readonly Candidate[], { excluded }: PickRequest): readonly Candidate[] {
  return excluded === undefined || excluded.size === 0
    ? candidates
    : candidates.filter(({ id }) => !excluded.has(id))
}

function drawn(candidates: readonly Candidate[], random: Random): Candidate | undefined {
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0)
  let left = random.next() * total
  return candidates.find(({ weight }) => (left -= weight) < 0) ?? candidates.at(-1)
}
