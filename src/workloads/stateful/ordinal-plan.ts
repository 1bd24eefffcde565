/** An ordinal that is there. */
export interface OrdinalView {
  readonly ordinal: number
  /** `pending`: not available. `terminating`: on its way out. */
  readonly state: 'available' | 'pending' | 'terminating'
}

/** What is wanted. */
export interface OrdinalRange {
  readonly replicas: number
  /** The first ordinal. */
  readonly start: number
  /** Upwards one after the other, each when those below are available; downwards one by one. Else all at once. */
  readonly ordered: boolean
}

/** Which ordinals come and go now. */
export interface OrdinalPlan {
  readonly create: readonly number[]
  readonly remove: readonly number[]
  /** The ordinal that the rest waits for. */
  readonly waitsFor?: number
}

/**
 * Which ordinals of a set come and go. Ordered: the lowest that is missing comes when all below it are available; what is
 * beyond the range goes from the top, one at a time, when all others are available, the lowest that is not itself
 * aside. As Kubernetes' StatefulSet. Pure.
 */
export function planOrdinals(
  { replicas, start, ordered }: OrdinalRange,
  ordinals: readonly OrdinalView[],
): OrdinalPlan {
  const there = new Map(ordinals.map(view => [view.ordinal, view.state]))
  const isWanted = (ordinal: number): boolean => ordinal >= start && ordinal < start + replicas
  const condemned = [...there.keys()].filter(ordinal => !isWanted(ordinal)).sort((a, b) => b - a)
  if (!ordered) {
    const missing = Array.from({ length: replicas }, (_, index) => start + index).filter(
      ordinal => !there.has(ordinal),
    )
    return { create: missing, remove: condemned.filter(ordinal => there.get(ordinal) !== 'terminating') }
  }
  for (let ordinal = start; ordinal < start + replicas; ordinal++) {
    const state = there.get(ordinal)
    if (state === undefined) return { create: [ordinal], remove: [] }
    if (state !== 'available') return { create: [], remove: [], waitsFor: ordinal }
  }
  const [top] = condemned
  if (top === undefined) return { create: [], remove: [] }
  if (there.get(top) === 'terminating') return { create: [], remove: [], waitsFor: top }
  const firstPending = [...there].filter(([, state]) => state !== 'available').map(([ordinal]) => ordinal)
  const lowest = Math.min(...firstPending)
  const mayGo = there.get(top) === 'available' || lowest === top
  return mayGo ? { create: [], remove: [top] } : { create: [], remove: [], waitsFor: lowest }
}
