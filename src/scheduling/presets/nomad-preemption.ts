/** Amounts by name; all of one node in the same units. */
type Amounts = Readonly<Record<string, number>>

/** An allocation that may have to go. */
export interface NomadAllocation {
  readonly id: string
  readonly priority: number
  readonly amounts: Amounts
}

/** Allocations of a priority closer than this are left alone. */
const PRIORITY_DELTA = 10

/**
 * How far an allocation is from what is needed: the root of the sum of squared relative differences.
 *
 * @internal
 */
export function nomadDistance(need: Amounts, have: Amounts): number {
  let sum = 0
  for (const [name, amount] of Object.entries(need))
    if (amount > 0) sum += ((amount - (have[name] ?? 0)) / amount) ** 2
  return Math.sqrt(sum)
}

/** What the victims of one node count for: the highest priority, and the sum over it; 0 of those of priority 0. */
export function nomadNetPriority(priorities: readonly number[]): number {
  const max = Math.max(...priorities)
  return max === 0 ? 0 : max + priorities.reduce((sum, priority) => sum + priority, 0) / max
}

/**
 * A logistic curve of the net priority, from 1 down to 0; one half at 2048.
 *
 * @internal
 */
export function nomadPreemptionScore(netPriority: number): number {
  return 1 / (1 + Math.exp(0.0048 * (netPriority - 2048)))
}

/**
 * Nomad's victims on one node: by ascending priority, of each priority the closest to what is still needed; then those
 * that are not needed after all are let go, the closest first. Undefined when it is not enough. As there, a victim that
 * is of no use may stay among them.
 *
 * @param isEnough whether the allocation fits when these are gone
 */
export function nomadVictims<T extends NomadAllocation>(
  {
    priority,
    ask,
    allocations,
  }: { readonly priority: number; readonly ask: Amounts; readonly allocations: readonly T[] },
  isEnough: (gone: readonly T[]) => boolean,
): readonly T[] | undefined {
  const lower = allocations.filter(one => priority - one.priority >= PRIORITY_DELTA)
  const chosen = collect(ask, lower, isEnough)
  if (chosen === undefined) return undefined
  const farthestFirst = [...chosen].sort(
    (a, b) => nomadDistance(ask, b.amounts) - nomadDistance(ask, a.amounts),
  )
  const kept: T[] = []
  for (const one of farthestFirst) {
    if (isEnough(kept)) break
    kept.push(one)
  }
  return kept
}

function collect<T extends NomadAllocation>(
  ask: Amounts,
  lower: readonly T[],
  isEnough: (gone: readonly T[]) => boolean,
): readonly T[] | undefined {
  const priorities = [...new Set(lower.map(one => one.priority))].sort((a, b) => a - b)
  const need = new Map(Object.entries(ask))
  const chosen: T[] = []
  for (const level of priorities) {
    const left = lower.filter(one => one.priority === level)
    while (left.length > 0) {
      if (isEnough(chosen)) return chosen
      const distances = left.map(one => nomadDistance(Object.fromEntries(need), one.amounts))
      const [closest] = left.splice(distances.indexOf(Math.min(...distances)), 1)
      if (closest === undefined) break
      chosen.push(closest)
      for (const [name, amount] of need) need.set(name, Math.max(0, amount - (closest.amounts[name] ?? 0)))
    }
  }
  return isEnough(chosen) ? chosen : undefined
}
