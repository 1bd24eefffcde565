// The scheduler.
export type { PlaceResult, Scheduler, SchedulerOptions, TaskPlacement } from './scheduler.js'
export { createScheduler } from './scheduler.js'
export type { NodeDescription } from './node-description.js'
export { nodeAttributes } from './node-attributes.js'
export type { PlacementRequest } from './placement-request.js'
export type { FilterVerdict, NodeExplanation, PlacementExplanation } from './explanation.js'
export type { PluginScore } from './evaluate.js'
export { NodeExistsError, NodeNotFoundError, TaskPlacedError } from './errors.js'

// What nodes and tasks say of each other.
export type { NodeTaint, TaintEffect, TaintToleration } from './taint.js'
export { countAvoidedTaints, findForbiddingTaint, toleratesTaint } from './taint.js'
export type { NodeFieldExpression, NodeSelector, NodeSelectorTerm, NodeTest, SelectableNode } from './node-selector.js'
export { compileNodeSelector } from './node-selector.js'
export type { HostPort } from './host-ports.js'
export { hostPortsConflict } from './host-ports.js'

// Profiles.
export { spreadProfile } from './profiles/spread.js'
export { packProfile } from './profiles/pack.js'
export { kubernetesProfile } from './presets/kubernetes.js'
export type {
  KubernetesContainer,
  KubernetesPodResources,
  KubernetesRequestsOptions,
} from './presets/kubernetes-requests.js'
export { kubernetesRequests } from './presets/kubernetes-requests.js'
export type { KubernetesQosClass } from './presets/kubernetes-qos.js'
export { kubernetesQosClass } from './presets/kubernetes-qos.js'

// Plugins.
export type {
  FilterPlugin,
  FilterReason,
  Locality,
  NodeScorePlugin,
  NormalisedScorePlugin,
  Profile,
  ScorePlugin,
  WeightedScore,
} from './plugin.js'
export type { NodeView } from './node-view.js'
export type { Demand, PreparedRequest } from './placement-request.js'
export type { UnschedulableOptions } from './filters/unschedulable.js'
export { unschedulable } from './filters/unschedulable.js'
export { taints } from './filters/taints.js'
export { nodeSelector } from './filters/node-selector.js'
export { constraints } from './filters/constraints.js'
export { resourcesFit } from './filters/resources-fit.js'
export { hostPorts } from './filters/host-ports.js'
export type { Allocation, AllocationScoreOptions, Rounding, WeightedResource } from './scores/allocation.js'
export { leastAllocated, leastAllocatedScore } from './scores/least-allocated.js'
export { mostAllocated, mostAllocatedScore } from './scores/most-allocated.js'
export { balancedAllocation, balancedAllocationScore } from './scores/balanced-allocation.js'
export type { RequestedToCapacityRatioOptions, ShapePoint } from './scores/requested-to-capacity-ratio.js'
export {
  requestedToCapacityRatio,
  requestedToCapacityRatioScore,
} from './scores/requested-to-capacity-ratio.js'
export { taintPreference } from './scores/taint-preference.js'
export { normalizeToMax, normalizeToMaxReversed } from './scores/normalize.js'
