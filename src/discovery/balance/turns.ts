/** An entry that takes turns, with its weight, ≥ 0. */
export interface TurnTaker {
  readonly id: string
  readonly weight: number
}

/** Whose turn it is, remembered by id over changes of the list. */
export interface Turns {
  update(takers: readonly TurnTaker[]): void
  /** The next one that may be; undefined when none may. */
  next(allowed: (id: string) => boolean): string | undefined
}

/**
 * Smooth weighted turns: with weights 5, 1 and 1 the turns are a a b a c a a. It is nginx's algorithm: each adds its
 * weight to its credit, the richest is taken and pays the sum of all weights. Entries of one weight take plain turns,
 * which cost O(1). Credit belongs to the id and is scaled when the sum of weights changes; a newcomer has none.
 */
export function createTurns(): Turns {
  let takers: readonly TurnTaker[] = []
  let equal = true
  let credits = new Map<string, number>()
  let sum = 0
  /** Where plain turns continue, and after whom. */
  let at = 0
  let last: string | undefined
  const plain = (allowed: (id: string) => boolean): string | undefined => {
    for (let tried = 0; tried < takers.length; tried++) {
      const taker = takers[at] as TurnTaker
      at = (at + 1) % takers.length
      if (allowed(taker.id)) return taker.id
    }
    return undefined
  }
  const smooth = (allowed: (id: string) => boolean): string | undefined => {
    let best: string | undefined
    let most = Number.NEGATIVE_INFINITY
    let total = 0
    for (const { id, weight } of takers) {
      if (weight === 0 || !allowed(id)) continue
      const credit = (credits.get(id) ?? 0) + weight
      credits.set(id, credit)
      total += weight
      if (credit <= most) continue
      most = credit
      best = id
    }
    if (best !== undefined) credits.set(best, most - total)
    return best
  }
  return {
    update: next => {
      const total = next.reduce((all, { weight }) => all + weight, 0)
      const scale = sum > 0 && total > 0 ? total / sum : 1
      credits = new Map(next.map(({ id }) => [id, (credits.get(id) ?? 0) * scale]))
      sum = total
      takers = next
      equal = next.every(({ weight }) => weight === next[0]?.weight)
      at = last === undefined ? 0 : after(next, last)
    },
    next: allowed => {
      const chosen = equal ? plain(allowed) : smooth(allowed)
      last = chosen ?? last
      return chosen
    },
  }
}

/** The place behind `last`, or behind where it would stand: lists come sorted by id. */
function after(takers: readonly TurnTaker[], last: string): number {
  const place = takers.findIndex(({ id }) => id > last)
  return Math.max(0, place)
}
