/** A map that forgets what was unused for longest. */
export interface BoundedMap<V> {
  /** The value of `key`, made by `make` when there is none; `key` is the one used last now. */
  open(key: string, make: () => V): V
}

/** Makes an empty one for at most `entriesMax` keys. */
export function createBoundedMap<V>(entriesMax: number): BoundedMap<V> {
  const entries = new Map<string, { readonly value: V }>()
  return {
    open: (key, make) => {
      const entry = entries.get(key) ?? { value: make() }
      entries.delete(key)
      entries.set(key, entry)
      const [oldest] = entries.keys()
      if (entries.size > entriesMax && oldest !== undefined) entries.delete(oldest)
      return entry.value
    },
  }
}
