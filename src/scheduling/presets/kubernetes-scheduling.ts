import { constraints, siblingConstraints } from '../filters/constraints-filter.js'
import { devices } from '../filters/devices-filter.js'
import { hostPorts } from '../filters/host-ports-filter.js'
import { withNativeFilters } from '../filters/native-filters.js'
import { nodeSelector } from '../filters/node-selector-filter.js'
import { resourcesFit } from '../filters/resources-fit-filter.js'
import { taints } from '../filters/taints-filter.js'
import { taskAffinity } from '../filters/task-affinity-filter.js'
import { topologySpread } from '../filters/topology-spread-filter.js'
import { unschedulable } from '../filters/unschedulable-filter.js'
import { volumeLimits, volumeSharing, volumeTopology } from '../filters/volumes-filter.js'
import type { Profile } from '../plugins/plugin.js'
import { CPU_AND_MEMORY } from '../scores/allocation.js'
import { balancedAllocation } from '../scores/balanced-allocation.js'
import { imageLocality } from '../scores/image-locality.js'
import { leastAllocated } from '../scores/least-allocated.js'
import { taskAffinityPreference } from '../scores/task-affinity-score.js'
import {
  kubernetesNodeAffinity,
  kubernetesTaintToleration,
  kubernetesTopologySpread,
} from './kubernetes-scores.js'

/**
 * The default plugins of kube-scheduler 1.34 with their formulas, whole-number arithmetic and weights: TaintToleration
 * 3, NodeAffinity 2, PodTopologySpread 2, InterPodAffinity 2, NodeResourcesFit (LeastAllocated), balanced allocation
 * and ImageLocality 1. Not part of it: the sampling of nodes, and preferred terms of placed pods. Ties go to
 * the lowest name where kube-scheduler draws lots, and scores use the requests as given: no 100m and 200Mi are made up
 * for containers that ask for nothing.
 */
export function kubernetesProfile(): Profile {
  return {
    name: 'kubernetes',
    filters: withNativeFilters([
      unschedulable({ taintKey: 'node.kubernetes.io/unschedulable' }),
      taints(),
      nodeSelector(),
      hostPorts(),
      resourcesFit(),
      devices(),
      constraints(),
      siblingConstraints(),
      topologySpread({ nodeTaintsPolicy: 'Ignore', countsSelectedNodes: true }),
      taskAffinity(),
      volumeTopology(),
      volumeLimits(),
      volumeSharing(),
    ]),
    scores: [
      { plugin: kubernetesTaintToleration(), weight: 3 },
      { plugin: kubernetesNodeAffinity(), weight: 2 },
      { plugin: kubernetesTopologySpread(), weight: 2 },
      { plugin: taskAffinityPreference(), weight: 2 },
      { plugin: leastAllocated({ rounding: 'whole', resources: CPU_AND_MEMORY }), weight: 1 },
      { plugin: balancedAllocation({ rounding: 'whole', resources: CPU_AND_MEMORY }), weight: 1 },
      { plugin: imageLocality(), weight: 1 },
    ],
  }
}
