import type { IntOrPercent } from '../../src/core/internal.js'
import { fenceposts, k8sMaxUnavailable } from './rollout-kubernetes-bounds.js'

/** An old set, as one sync of the Deployment controller sees it. */
export interface OldSet {
  readonly name: string
  readonly size: number
  readonly available: number
}

/** Size of the new set after one sync, from the requested sizes alone. */
export function newRSNewReplicas(desired: number, newSize: number, allSize: number, surge: number): number {
  const room = desired + surge - allSize
  return room <= 0 ? newSize : newSize + Math.min(room, desired - newSize)
}

/** The first half of a sync: grow, or cut down to, the new set. */
export function reconcileNew(input: {
  readonly desired: number
  readonly newSize: number
  readonly oldSize: number
  readonly maxSurge: IntOrPercent
  readonly maxUnavailable?: IntOrPercent
}): number {
  const { desired, newSize, oldSize } = input
  if (newSize === desired) return newSize
  if (newSize > desired) return desired
  const { surge } = fenceposts(input.maxSurge, input.maxUnavailable ?? 0, desired)
  return newRSNewReplicas(desired, newSize, newSize + oldSize, surge)
}

/** The second half of a sync: unavailable old ones first, then available ones down to the floor. Oldest set first. */
export function reconcileOld(input: {
  readonly desired: number
  readonly maxSurge?: IntOrPercent
  readonly maxUnavailable: IntOrPercent
  readonly olds: readonly OldSet[]
  readonly newSize: number
  readonly newAvailable: number
}): { readonly olds: readonly OldSet[]; readonly scaled: number } {
  const { desired, olds, newSize, newAvailable } = input
  const minAvailable = desired - k8sMaxUnavailable(input.maxSurge ?? 0, input.maxUnavailable, desired)
  const oldSize = sum(olds, 'size')
  const most = oldSize + newSize - minAvailable - (newSize - newAvailable)
  if (oldSize === 0 || most <= 0) return { olds, scaled: 0 }
  const cleaned = cleanupUnhealthy(olds, most)
  const available = sum(olds, 'available') + newAvailable
  const shrunk = scaleDownOld(cleaned.olds, available, minAvailable)
  return { olds: shrunk, scaled: oldSize - sum(shrunk, 'size') }
}

/** Removes unavailable instances of old sets, at most `most` altogether. */
export function cleanupUnhealthy(
  olds: readonly OldSet[],
  most: number,
): { readonly olds: readonly OldSet[]; readonly removed: number } {
  let removed = 0
  const cleaned = olds.map(set => {
    const count = Math.max(0, Math.min(most - removed, set.size - set.available))
    removed += count
    return { ...set, size: set.size - count }
  })
  return { olds: cleaned, removed }
}

/** Shrinks old sets while availability is above `minAvailable`. */
export function scaleDownOld(
  olds: readonly OldSet[],
  available: number,
  minAvailable: number,
): readonly OldSet[] {
  let budget = available - minAvailable
  return olds.map(set => {
    const count = Math.max(0, Math.min(budget, set.size))
    budget -= count
    return { ...set, size: set.size - count }
  })
}

/** Sizes `[old, new]` of a whole rolling update in which everything is available at once; the start comes first. */
export function k8sTrace(
  desired: number,
  maxSurge: IntOrPercent,
  maxUnavailable: IntOrPercent,
): readonly (readonly [number, number])[] {
  let old = desired
  let size = 0
  const trace: (readonly [number, number])[] = [[old, size]]
  // Each sync moves at least one of at most 2 · desired instances, so this ends.
  for (;;) {
    const grown = reconcileNew({ desired, newSize: size, oldSize: old, maxSurge, maxUnavailable })
    if (grown === size) {
      const olds = [{ name: 'old', size: old, available: old }]
      const shrunk = reconcileOld({
        desired,
        maxSurge,
        maxUnavailable,
        olds,
        newSize: size,
        newAvailable: size,
      })
      if (shrunk.scaled === 0) return trace
      old -= shrunk.scaled
    }
    size = grown
    trace.push([old, size])
  }
}

/** Which old sets go: of those beyond the newest `limit`, the empty ones. `olds` come oldest first. */
export function k8sHistoryGC(
  olds: readonly {
    readonly name: string
    readonly spec: number
    readonly status: number
    readonly deleting?: boolean
  }[],
  limit: number,
): readonly string[] {
  const kept = olds.filter(set => set.deleting !== true)
  const beyond = kept.slice(0, Math.max(0, kept.length - limit))
  return beyond.filter(set => set.spec === 0 && set.status === 0).map(set => set.name)
}

function sum(sets: readonly OldSet[], field: 'size' | 'available'): number {
  return sets.reduce((total, set) => total + set[field], 0)
}
