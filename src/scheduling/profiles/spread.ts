import { nativeFilters } from '../filters/native-filters.js'
import type { Profile } from '../plugins/plugin.js'
import { balancedAllocation } from '../scores/balanced-allocation.js'
import { fewestFailures } from '../scores/fewest-failures.js'
import { fewestTasks } from '../scores/fewest-tasks.js'
import { leastAllocated } from '../scores/least-allocated.js'
import { nodePreference } from '../scores/node-preference-score.js'
import { siblingSpread } from '../scores/sibling-spread.js'
import { taintPreference } from '../scores/taint-preference.js'
import { taskAffinityPreference } from '../scores/task-affinity-score.js'
import { topologySpreadPreference } from '../scores/topology-spread-preference.js'

/**
 * Evens out the load: the node with the largest free share of every resource that the task asks for, with some weight
 * on using them alike. Siblings are kept apart first, and avoided taints count more than all of that. Among nodes that
 * are nearly equal the one with the fewest tasks comes first, so that tasks which ask for nothing do not pile up. The
 * default.
 */
export function spreadProfile(): Profile {
  return {
    name: 'spread',
    filters: nativeFilters(),
    scores: [
      { plugin: taintPreference(), weight: 18 },
      { plugin: fewestFailures(), weight: 18 },
      { plugin: siblingSpread(), weight: 6 },
      { plugin: topologySpreadPreference(), weight: 6 },
      { plugin: taskAffinityPreference(), weight: 6 },
      { plugin: nodePreference(), weight: 6 },
      { plugin: leastAllocated(), weight: 1 },
      { plugin: balancedAllocation(), weight: 1 },
      { plugin: fewestTasks(), weight: 0.01 },
    ],
  }
}
