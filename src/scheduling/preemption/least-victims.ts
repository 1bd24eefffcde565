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
  const [one, other] = [costOf(a), costOf(b)]
  for (let index = 0; index < one.length; index++) {
    const difference = (one[index] as number) - (other[index] as number)
    if (difference !== 0) return difference
  }
  return 0
}

function costOf(victims: readonly VictimCandidate[]): readonly number[] {
  return [
    beyondBudgets(victims).size,
    Math.max(Number.NEGATIVE_INFINITY, ...victims.map(({ task }) => task.priority ?? 0)),
    victims.filter(({ fitsElsewhere }) => !fitsElsewhere).length,
    victims.length,
  ]
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
