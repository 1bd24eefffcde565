import type { Random } from '../env/random.js'

/**
 * The items in a random order in which each comes first with the probability of its weight over the sum, and so
 * on for the rest: sorted by `u^(1/weight)`, largest first (Efraimidis and Spirakis, 2006).
 *
 * @param weightOf a positive number; default 1 for all
 */
export function weightedShuffle<T>(
  items: Iterable<T>,
  random: Random,
  weightOf: (item: T) => number = () => 1,
): T[] {
  const keyed = Array.from(items, item => ({ item, key: Math.log(1 - random.next()) / weightOf(item) }))
  return keyed.sort((a, b) => b.key - a.key).map(({ item }) => item)
}
