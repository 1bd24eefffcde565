/**
 * Knows up to which revision each key has written. A key whose cache is not there yet would not see its own writes.
 */
export interface WriteGate {
  /** The key wrote, at `revision`. */
  wrote(key: string, revision: number): void
  /** True when a cache at `revision` shows everything that the key has written; then it is forgotten. */
  isReady(key: string, revision: number): boolean
  clear(): void
}

/** Makes a gate that holds no key. */
export function createWriteGate(): WriteGate {
  const written = new Map<string, number>()
  return {
    wrote: (key, revision) => {
      written.set(key, Math.max(revision, written.get(key) ?? 0))
    },
    isReady: (key, revision) => {
      if ((written.get(key) ?? 0) > revision) return false
      written.delete(key)
      return true
    },
    clear: () => written.clear(),
  }
}
