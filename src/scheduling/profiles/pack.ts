import { nativeFilters } from '../filters/native-filters.js'
import type { Profile } from '../plugins/plugin.js'
import { mostAllocated } from '../scores/most-allocated.js'
import { taintPreference } from '../scores/taint-preference.js'

/**
 * Fills one node before the next: the fullest node, by cpu and memory, that still has room. Leaves room for large
 * tasks and empties nodes that could be given back. Avoided taints count three times as much.
 */
export function packProfile(): Profile {
  return {
    name: 'pack',
    filters: nativeFilters(),
    scores: [
      { plugin: taintPreference(), weight: 3 },
      { plugin: mostAllocated(), weight: 1 },
    ],
  }
}
