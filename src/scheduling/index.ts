// The scheduler.
export type { PlaceResult, Scheduler, SchedulerOptions, TaskPlacement } from './scheduler.js'
export { createScheduler } from './scheduler.js'
export type { NodeDescription } from './nodes/node-description.js'
export type { PlacementRequest } from './requests/placement-request.js'
export type { NodeSelector, NodeSelectorTerm } from './requests/node-selector.js'
export type { HostPort } from './nodes/host-ports.js'
export type { Taint, TaintEffect, Toleration } from '../core/index.js'
export type { NodeExplanation, PlacementExplanation } from './explanation.js'
export type { PluginScore } from './evaluate.js'
export { NodeExistsError, NodeNotFoundError, TaskPlacedError } from './scheduler-errors.js'

// Profiles.
export { spreadProfile } from './profiles/spread.js'
export { packProfile } from './profiles/pack.js'
export { kubernetesProfile } from './presets/kubernetes-scheduling.js'
export type { KubernetesContainer, KubernetesPodResources } from './presets/kubernetes-requests.js'
export { kubernetesRequests } from './presets/kubernetes-requests.js'
export type { KubernetesQosClass } from './presets/kubernetes-qos.js'
export { kubernetesQosClass } from './presets/kubernetes-qos.js'

// What plugins are.
export type {
  FilterPlugin,
  FilterReason,
  Locality,
  NodeScorePlugin,
  NormalisedScorePlugin,
  Profile,
  ScorePlugin,
  WeightedScore,
} from './plugins/plugin.js'
export type { NodeView } from './nodes/node-view.js'
export type { Demand, PreparedRequest } from './requests/placement-request.js'

// Plugins.
export { nativeFilters } from './filters/native-filters.js'
export type { UnschedulableOptions } from './filters/unschedulable-filter.js'
export { unschedulable } from './filters/unschedulable-filter.js'
export { taints } from './filters/taints-filter.js'
export { nodeSelector } from './filters/node-selector-filter.js'
export { constraints } from './filters/constraints-filter.js'
export { resourcesFit } from './filters/resources-fit-filter.js'
export { hostPorts } from './filters/host-ports-filter.js'
export type { AllocationScoreOptions, ScoreRounding, WeightedResource } from './scores/allocation.js'
export { leastAllocated } from './scores/least-allocated.js'
export { mostAllocated } from './scores/most-allocated.js'
export { balancedAllocation } from './scores/balanced-allocation.js'
export type { RequestedToCapacityRatioOptions, ShapePoint } from './scores/requested-to-capacity-ratio.js'
export { requestedToCapacityRatio } from './scores/requested-to-capacity-ratio.js'
export { taintPreference } from './scores/taint-preference.js'

// The controller.
export type { SchedulingControllerOptions } from './shell/scheduling-controller.js'
export { createSchedulingController } from './shell/scheduling-controller.js'
export { NOT_READY_TAINT, UNREACHABLE_TAINT } from './shell/node-object.js'
