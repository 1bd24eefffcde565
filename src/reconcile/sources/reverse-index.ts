/** Who refers to what, kept so that both directions change in time proportional to the references. */
export interface ReverseIndex {
  /** Replaces everything that `from` refers to; an empty list forgets it. */
  set(from: string, to: readonly string[]): void
  /** All that refer to `to`, in the order in which they began to. */
  referrers(to: string): readonly string[]
}

/** Makes an empty index. */
export function createReverseIndex(): ReverseIndex {
  const forward = new Map<string, ReadonlySet<string>>()
  const backward = new Map<string, Set<string>>()
  return {
    set: (from, to) => {
      const before = forward.get(from)
      const now = new Set(to)
      for (const target of before ?? []) {
        if (now.has(target)) continue
        const sources = backward.get(target)
        sources?.delete(from)
        if (sources?.size === 0) backward.delete(target)
      }
      for (const target of now) {
        const sources = backward.get(target)
        if (sources === undefined) backward.set(target, new Set([from]))
        else sources.add(from)
      }
      if (now.size === 0) forward.delete(from)
      else forward.set(from, now)
    },
    referrers: to => [...(backward.get(to) ?? [])],
  }
}
