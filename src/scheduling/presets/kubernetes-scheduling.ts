import { constraints, siblingConstraints } from '../filters/constraints-filter.js'
import { hostPorts } from '../filters/host-ports-filter.js'
import { nodeSelector } from '../filters/node-selector-filter.js'
import { resourcesFit } from '../filters/resources-fit-filter.js'
import { taints } from '../filters/taints-filter.js'
import { unschedulable } from '../filters/unschedulable-filter.js'
import { countAvoidedTaints } from '../nodes/taint-matching.js'
import type { NormalisedScorePlugin, Profile } from '../plugins/plugin.js'
import { CPU_AND_MEMORY } from '../scores/allocation.js'
import { balancedAllocation } from '../scores/balanced-allocation.js'
import { leastAllocated } from '../scores/least-allocated.js'
import { normalizeToMaxReversed } from '../scores/normalize.js'

/**
 * The default plugins of kube-scheduler 1.34 with their formulas, whole-number arithmetic and weights
 * (TaintToleration 3, NodeResourcesFit LeastAllocated 1, NodeResourcesBalancedAllocation 1), as far as keelson has
 * the plugin. Not part of it: inter-pod affinity, topology spread, preferred node affinity, image locality,
 * volumes, and the sampling of nodes. Ties go to the lowest name where kube-scheduler draws lots, and scores use
 * the requests as given: no 100m and 200Mi are made up for containers that ask for nothing.
 */
export function kubernetesProfile(): Profile {
  return {
    name: 'kubernetes',
    filters: [
      unschedulable({ taintKey: 'node.kubernetes.io/unschedulable' }),
      taints(),
      nodeSelector(),
      hostPorts(),
      resourcesFit(),
      constraints(),
      siblingConstraints(),
    ],
    scores: [
      { plugin: taintToleration(), weight: 3 },
      { plugin: leastAllocated({ rounding: 'whole', resources: CPU_AND_MEMORY }), weight: 1 },
      { plugin: balancedAllocation({ rounding: 'whole', resources: CPU_AND_MEMORY }), weight: 1 },
    ],
  }
}

/** TaintToleration: the number of untolerated `PreferNoSchedule` taints, most is 0 and none is 100. */
function taintToleration(): NormalisedScorePlugin {
  return {
    name: 'taint-toleration',
    locality: 'normalised',
    score: (request, node) => countAvoidedTaints(node.taints, request.tolerations),
    normalize: normalizeToMaxReversed,
  }
}
