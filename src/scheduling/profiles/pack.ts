import { nativeFilters } from '../filters/native-filters.js'
import type { Profile } from '../plugins/plugin.js'
import { fewestFailures } from '../scores/fewest-failures.js'
import { mostAllocated } from '../scores/most-allocated.js'
import { nodePreference } from '../scores/node-preference-score.js'
import { siblingSpread } from '../scores/sibling-spread.js'
import { taintPreference } from '../scores/taint-preference.js'
import { taskAffinityPreference } from '../scores/task-affinity-score.js'
import { topologySpreadPreference } from '../scores/topology-spread-preference.js'

/**
 * Fills one node before the next: the fullest node, by every resource that the task asks for, that still has room.
 * Leaves room for large tasks and empties nodes that could be given back. Siblings are kept apart first: a node with
 * none of them is better than any with one. Avoided taints count more than all of that.
 */
export function packProfile(): Profile {
  return {
    name: 'pack',
    filters: nativeFilters(),
    scores: [
      { plugin: taintPreference(), weight: 9 },
      { plugin: fewestFailures(), weight: 9 },
      { plugin: siblingSpread(), weight: 3 },
      { plugin: topologySpreadPreference(), weight: 3 },
      { plugin: taskAffinityPreference(), weight: 3 },
      { plugin: nodePreference(), weight: 3 },
      { plugin: mostAllocated(), weight: 1 },
    ],
  }
}
