import { deepEqual } from '../../core/internal.js'
import type { StoredObject } from '../../store/index.js'

/** One way in which a cache is not as its source. */
export interface CacheDifference {
  /** `missing` in the cache, `surplus` in the cache, an older version, or another content of the same version. */
  readonly kind: 'missing' | 'surplus' | 'stale' | 'corrupt'
  readonly cached: StoredObject | undefined
  readonly listed: StoredObject | undefined
}

/**
 * Compares a cache with a list of its source. The cache must know everything up to the revision of the list.
 *
 * @param cached by key
 * @param listed by key
 * @param touched keys that changed in the cache since the list was made; nothing can be said about them
 */
export function cacheDifferences(
  cached: ReadonlyMap<string, StoredObject>,
  listed: ReadonlyMap<string, StoredObject>,
  touched: ReadonlySet<string>,
): readonly CacheDifference[] {
  const found: CacheDifference[] = []
  for (const [key, object] of listed) {
    if (touched.has(key)) continue
    const known = cached.get(key)
    if (known === undefined) found.push({ kind: 'missing', cached: undefined, listed: object })
    else if (known.metadata.resourceVersion !== object.metadata.resourceVersion)
      found.push({ kind: 'stale', cached: known, listed: object })
    else if (!deepEqual(known, object)) found.push({ kind: 'corrupt', cached: known, listed: object })
  }
  for (const [key, known] of cached) {
    if (!touched.has(key) && !listed.has(key))
      found.push({ kind: 'surplus', cached: known, listed: undefined })
  }
  return found
}
