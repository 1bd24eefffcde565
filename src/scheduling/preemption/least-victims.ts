import { beyondBudgets } from './exceeded-budgets.js'
import type { VictimCandidate } from './victim-candidate.js'

/** Up to so many candidates the choice is the cheapest there is. */
const EXACT_MAX = 20
/** Sets of victims that are looked at; then the best so far is taken. */
const SETS_MAX = 20_000

/**
 * The cheapest set of victims: fewest violations of budgets, then the lowest highest priority, then the fewest that fit
 * nowhere else, then the fewest. Exact for up to 20 candidates; beyond, the cheapest of those found by letting back in
 * whoever can be, the dearest first.
 */
export function leastVictims(
  candidates: readonly VictimCandidate[],
  fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
): readonly VictimCandidate[] | undefined {
  const cheapestFirst = cheapestInOrder(candidates)
  const greedy = letBackIn(cheapestFirst, fitsWithout)
  if (greedy === undefined || candidates.length > EXACT_MAX) return greedy
  return search(cheapestFirst, greedy, fitsWithout)
}

/** Below 0 when the first set costs less. */
export function compareVictims(a: readonly VictimCandidate[], b: readonly VictimCandidate[]): number {
  for (let part = 0; part < 4; part++) {
    const difference = costAt(part, a) - costAt(part, b)
    if (difference !== 0) return difference
  }
  return 0
}

/** What victims are compared by: of two sets that are equal in all parts before. */
export function costAt(part: number, victims: readonly VictimCandidate[]): number {
  switch (part) {
    case 0:
      return victims.some(({ budgets }) => budgets.length > 0) ? beyondBudgets(victims).size : 0
    case 1:
      return victims.reduce((most, { task }) => Math.max(most, task.priority ?? 0), Number.NEGATIVE_INFINITY)
    case 2:
      return victims.reduce((sum, { fitsElsewhere }) => sum + Number(!fitsElsewhere), 0)
    default:
      return victims.length
  }
}

/** The cheapest first; last those who would go beyond a budget when the cheaper ones have gone. */
function cheapestInOrder(candidates: readonly VictimCandidate[]): readonly VictimCandidate[] {
  const ordered = [...candidates].sort(byCost)
  const beyond = beyondBudgets(ordered)
  return [...ordered.filter(one => !beyond.has(one)), ...ordered.filter(one => beyond.has(one))]
}

function byCost(a: VictimCandidate, b: VictimCandidate): number {
  return compareVictims([a], [b]) || (a.task.key < b.task.key ? -1 : 1)
}

function letBackIn(
  cheapestFirst: readonly VictimCandidate[],
  fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
): readonly VictimCandidate[] | undefined {
  let gone: readonly VictimCandidate[] = cheapestFirst
  if (!fitsWithout(gone)) return undefined
  for (const one of cheapestFirst.toReversed()) {
    const without = gone.filter(other => other !== one)
    if (fitsWithout(without)) gone = without
  }
  return gone
}

/** Looks at every set that may be cheaper than the best one so far. */
function search(
  all: readonly VictimCandidate[],
  greedy: readonly VictimCandidate[],
  fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
): readonly VictimCandidate[] {
  let best = greedy
  let looked = 0
  const visit = (from: number, chosen: readonly VictimCandidate[]): void => {
    for (let index = from; index < all.length && looked < SETS_MAX; index++) {
      const next = [...chosen, all[index] as VictimCandidate]
      // More victims only cost more.
      if (compareVictims(next, best) >= 0) continue
      looked++
      if (fitsWithout(next)) best = next
      else visit(index + 1, next)
    }
  }
  visit(0, [])
  return best
}
