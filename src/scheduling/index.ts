// Start here.
export { kubernetesProfile } from './presets/kubernetes-scheduling.js'
export { packProfile } from './profiles/pack.js'
export { spreadProfile } from './profiles/spread.js'
export { createScheduler } from './scheduler.js'
export { createSchedulingController } from './shell/scheduling-controller.js'

// To build with: filters.
export { constraints, siblingConstraints } from './filters/constraints-filter.js'
export { hostPorts } from './filters/host-ports-filter.js'
export { nativeFilters } from './filters/native-filters.js'
export { nodeSelector } from './filters/node-selector-filter.js'
export { resourcesFit } from './filters/resources-fit-filter.js'
export { taints } from './filters/taints-filter.js'
export { unschedulable } from './filters/unschedulable-filter.js'

// To build with: scores.
export { balancedAllocation } from './scores/balanced-allocation.js'
export { fewestTasks } from './scores/fewest-tasks.js'
export { leastAllocated } from './scores/least-allocated.js'
export { mostAllocated } from './scores/most-allocated.js'
export { requestedToCapacityRatio } from './scores/requested-to-capacity-ratio.js'
export { siblingSpread } from './scores/sibling-spread.js'
export { taintPreference } from './scores/taint-preference.js'

// To build with: what Kubernetes reads off a pod.
export { kubernetesQosClass } from './presets/kubernetes-qos.js'
export { kubernetesRequests } from './presets/kubernetes-requests.js'

// Types you will meet: nodes, requests and answers.
export type { PluginScore } from './evaluate.js'
export type { NodeExplanation, PlacementExplanation } from './explanation.js'
export type { HostPort } from './nodes/host-ports.js'
export type { NodeDescription } from './nodes/node-description.js'
export type { KubernetesQosClass } from './presets/kubernetes-qos.js'
export type { KubernetesPodResources } from './presets/kubernetes-requests.js'
export type { NodeSelector, NodeSelectorTerm } from './requests/node-selector.js'
export type { PlacementRequest } from './requests/placement-request.js'
export type { PlaceResult, Scheduler, SchedulerOptions } from './scheduler.js'
export type { SchedulingControllerOptions } from './shell/scheduling-controller.js'
export type { TaskPlacement } from './task-ledger.js'

// Types you will meet: plugins.
export type { NodeView } from './nodes/node-view.js'
export type {
  FilterPlugin,
  FilterReason,
  NodeScorePlugin,
  NormalisedScorePlugin,
  Profile,
  ScorePlugin,
  WeightedScore,
} from './plugins/plugin.js'
export type { PreparedRequest } from './requests/placement-request.js'
export type { AllocationScoreOptions, WeightedResource } from './scores/allocation.js'
export type { RequestedToCapacityRatioOptions, ShapePoint } from './scores/requested-to-capacity-ratio.js'
