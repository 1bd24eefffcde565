import { nativeFilters } from '../filters/native-filters.js'
import type { Profile } from '../plugins/plugin.js'
import { balancedAllocation } from '../scores/balanced-allocation.js'
import { leastAllocated } from '../scores/least-allocated.js'
import { taintPreference } from '../scores/taint-preference.js'

/**
 * Evens out the load: the node with the largest free share of cpu and memory, with some weight on using both
 * alike. Avoided taints count three times as much. The default.
 */
export function spreadProfile(): Profile {
  return {
    name: 'spread',
    filters: nativeFilters(),
    scores: [
      { plugin: taintPreference(), weight: 3 },
      { plugin: leastAllocated(), weight: 1 },
      { plugin: balancedAllocation(), weight: 1 },
    ],
  }
}
