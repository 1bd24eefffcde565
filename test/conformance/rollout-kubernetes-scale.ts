import type { IntOrPercent } from '../../src/core/internal.js'
import { fenceposts } from './rollout-kubernetes-bounds.js'

/** A set as proportional scaling sees it. */
export interface ScaledSet {
  readonly name: string
  readonly size: number
  /** Creation order; larger is newer. */
  readonly created: number
  readonly isNew?: boolean
  /** Default: `size`. */
  readonly available?: number
  /** The set's notes of the desired count, and of that plus surge, when it was last scaled. */
  readonly desiredAnnotation?: number
  readonly maxAnnotation?: number
}

/**
 * Kubernetes' answer to a changed `replicas` in the middle of a rolling update: one active set takes it all; a
 * finished new set empties the old ones; otherwise each set keeps its share of `desired + surge`, rounded half away
 * from zero, and what rounding leaves goes to the largest.
 */
export function k8sScale(input: {
  readonly desired: number
  readonly sets: readonly ScaledSet[]
  readonly maxSurge?: IntOrPercent
  readonly maxUnavailable?: IntOrPercent
}): Readonly<Record<string, number>> {
  const { desired, sets } = input
  const sizes = new Map(sets.map(set => [set.name, set.size]))
  const active = sets.filter(set => set.size > 0)
  const fresh = sets.find(set => set.isNew === true)
  const newest = [...sets].sort((a, b) => b.created - a.created)[0]
  const only = active.length > 1 ? undefined : (active[0] ?? fresh ?? newest)
  if (only) {
    sizes.set(only.name, desired)
  } else if (fresh && isSaturated(fresh, desired)) {
    for (const set of active) if (set !== fresh) sizes.set(set.name, 0)
  } else {
    const { surge } = fenceposts(input.maxSurge ?? 0, input.maxUnavailable ?? 0, desired)
    for (const [name, size] of proportional(active, desired > 0 ? desired + surge : 0)) sizes.set(name, size)
  }
  return Object.fromEntries(sizes)
}

function isSaturated(set: ScaledSet, desired: number): boolean {
  return set.size === desired && set.desiredAnnotation === desired && (set.available ?? set.size) === desired
}

function proportional(active: readonly ScaledSet[], allowed: number): ReadonlyMap<string, number> {
  const toAdd = allowed - active.reduce((total, set) => total + set.size, 0)
  const age = toAdd > 0 ? -1 : 1
  const order = [...active].sort((a, b) => b.size - a.size || age * (a.created - b.created))
  const sizes = new Map<string, number>()
  let added = 0
  for (const set of order) {
    const left = toAdd - added
    const change = allowed === 0 ? -set.size : share(set, allowed) - set.size
    const step = toAdd > 0 ? Math.max(0, Math.min(change, left)) : Math.min(0, Math.max(change, left))
    sizes.set(set.name, set.size + step)
    added += step
  }
  const [largest] = order
  if (largest) sizes.set(largest.name, Math.max(0, (sizes.get(largest.name) ?? 0) + toAdd - added))
  return sizes
}

/** `size · allowed / before`, rounded half away from zero; all three are ≥ 0. */
function share(set: ScaledSet, allowed: number): number {
  const before = set.maxAnnotation ?? set.size
  return before === 0 ? set.size : Math.floor((2 * set.size * allowed + before) / (2 * before))
}
