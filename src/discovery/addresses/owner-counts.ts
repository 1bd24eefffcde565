import { compareText } from '../../core/internal.js'
import type { OwnerShare } from './address-errors.js'

/** How much each owner holds, and who holds most, in O(1). */
export interface OwnerCounts {
  add(owner: string): void
  remove(owner: string): void
  /** Those with most, largest first. */
  top(): readonly OwnerShare[]
}

/** @param shown how many `top` gives */
export function createOwnerCounts(shown: number): OwnerCounts {
  const counts = new Map<string, number>()
  /** Owners by how much they hold; counts change by one, so the largest is never far. */
  const holders = new Map<number, Set<string>>()
  let most = 0
  const move = (owner: string, by: 1 | -1): void => {
    const before = counts.get(owner) ?? 0
    const after = before + by
    const old = holders.get(before)
    old?.delete(owner)
    if (old?.size === 0) holders.delete(before)
    if (after === 0) counts.delete(owner)
    else {
      counts.set(owner, after)
      const same = holders.get(after)
      if (same === undefined) holders.set(after, new Set([owner]))
      else same.add(owner)
    }
    most = Math.max(most, after)
    while (most > 0 && !holders.has(most)) most--
  }
  return {
    add: owner => move(owner, 1),
    remove: owner => move(owner, -1),
    top: () => {
      const found: OwnerShare[] = []
      for (let count = most; count > 0 && found.length < shown; count--) {
        const room = shown - found.length
        const first: string[] = []
        for (const owner of holders.get(count) ?? []) if (first.push(owner) === room) break
        found.push(...first.sort(compareText).map(owner => ({ owner, count })))
      }
      return found
    },
  }
}
