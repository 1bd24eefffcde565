// Start here.
export { kubernetesProfile } from './presets/kubernetes-scheduling.js'
export { placeGang } from './gangs/place-gang.js'
export { planGangPreemption } from './gangs/preempt-for-gang.js'
export { applyPlan, planPlacements } from './plans/placement-plan.js'
export { planPreemption } from './preemption/preempt.js'
export { packProfile } from './profiles/pack.js'
export { spreadProfile } from './profiles/spread.js'
export { findRemedies } from './remedies/remedies.js'
export { schedulePass } from './queue/schedule-pass.js'
export { createScheduler } from './scheduler.js'
export { createSchedulingController } from './shell/scheduling-controller.js'

// To build with: queues.
export { compareDeadlines } from './queue/queued-request.js'

// To build with: other systems.
export { kubernetesPreemption, nomadPreemption } from './preemption/preset-strategies.js'
export { nativePreemption } from './preemption/preempt.js'
export { marathonProfile } from './presets/marathon-scheduling.js'
export { nomadProfile } from './presets/nomad-scheduling.js'
export { swarmProfile, swarmSpread } from './presets/swarm-scheduling.js'

// To build with: filters.
export { constraints, siblingConstraints } from './filters/constraints-filter.js'
export { devices } from './filters/devices-filter.js'
export { hostPorts } from './filters/host-ports-filter.js'
export { nativeFilters } from './filters/native-filters.js'
export { nodeSelector } from './filters/node-selector-filter.js'
export { platform } from './filters/platform-filter.js'
export { resourcesFit } from './filters/resources-fit-filter.js'
export { taints } from './filters/taints-filter.js'
export { taskAffinity } from './filters/task-affinity-filter.js'
export { topologySpread } from './filters/topology-spread-filter.js'
export { unschedulable } from './filters/unschedulable-filter.js'
export { volumeLimits, volumeSharing, volumeTopology } from './filters/volumes-filter.js'

// To build with: scores.
export { balancedAllocation } from './scores/balanced-allocation.js'
export { dotProduct } from './scores/dot-product.js'
export { fewestTasks } from './scores/fewest-tasks.js'
export { l2Residual } from './scores/l2-residual.js'
export { fewestFailures } from './scores/fewest-failures.js'
export { imageLocality } from './scores/image-locality.js'
export { leastAllocated } from './scores/least-allocated.js'
export { leastFragmentation } from './scores/least-fragmentation.js'
export { lowestPrice } from './scores/lowest-price.js'
export { loadVariation } from './scores/load-variation.js'
export { mostAllocated } from './scores/most-allocated.js'
export { nodePreference } from './scores/node-preference-score.js'
export { requestedToCapacityRatio } from './scores/requested-to-capacity-ratio.js'
export { siblingSpread } from './scores/sibling-spread.js'
export { spreadLevels } from './scores/spread-levels.js'
export { targetLoad } from './scores/target-load.js'
export { taintPreference } from './scores/taint-preference.js'
export { taskAffinityPreference } from './scores/task-affinity-score.js'
export { topologySpreadPreference } from './scores/topology-spread-preference.js'

// To build with: what Kubernetes reads off a pod.
export { kubernetesEvictionOrder } from './presets/kubernetes-eviction.js'
export { kubernetesQosClass } from './presets/kubernetes-qos.js'
export { kubernetesNodesToFind, kubernetesPreemptionCandidates } from './presets/kubernetes-sampling.js'
export { kubernetesRequests } from './presets/kubernetes-requests.js'

// Types you will meet: nodes, requests and answers.
export type { PluginScore } from './classes/best-node.js'
export type { NodeExplanation, PlacementExplanation, RejectionCause } from './explanation.js'
export type { Gang, GangResult } from './gangs/place-gang.js'
export type { GangPreemptionPlan, PlannedMember } from './gangs/preempt-for-gang.js'
export type { HeldDevices, NodeDevice } from './nodes/devices.js'
export type { HostPort } from './nodes/host-ports.js'
export type { NodeDescription, NodeImage, NodeUsage } from './nodes/node-description.js'
export type { KubernetesMemoryUse } from './presets/kubernetes-eviction.js'
export type { KubernetesQosClass } from './presets/kubernetes-qos.js'
export type { KubernetesPodResources } from './presets/kubernetes-requests.js'
export type {
  DeviceRequest,
  NodePreference,
  NodeSelector,
  NodeSelectorTerm,
  Platform,
  TaskAffinity,
  TopologySpread,
  VolumeAccess,
  VolumeClaim,
} from '../core/internal.js'
export type { GivenOnNode } from './requests/given-parts.js'
export type { DomainTerm, TaskSet } from './requests/task-set.js'
export type { PlacementRequest } from './requests/placement-request.js'
export type { PlaceOnResult, PlaceResult } from './place-result.js'
export type { Reservation } from './reserved-room.js'
export type { Scheduler, SchedulerOptions } from './scheduler.js'
export type {
  PreemptionPolicy,
  BackfillPolicy,
  FailureMemoryPolicy,
  QueuePolicy,
  SchedulingControllerOptions,
} from './shell/scheduling-controller-options.js'
export type { TaskPlacement } from './task-ledger.js'

export type {
  AppliedPlan,
  ApplyPlanOptions,
  PlacementPlan,
  PlanConflict,
  PlannedPlacement,
} from './plans/placement-plan.js'
export type { PreemptionOptions, PreemptionPlan, PreemptionStrategy, Victims } from './preemption/preempt.js'
export type { VictimBound } from './preemption/victim-bounds.js'
export type { EvictionBudget, VictimCandidate } from './preemption/victim-candidate.js'
export type { BackfillOptions } from './queue/backfill.js'
export type { FairShareOptions } from './queue/fair-share.js'
export type { QueuedRequest } from './queue/queued-request.js'
export type {
  SchedulePassOptions,
  SchedulePassResult,
  WaitReason,
} from './queue/schedule-pass.js'
export type { Remedy, RemedyOptions } from './remedies/remedies.js'
export type { SwarmBranch } from './presets/swarm-scheduling.js'

// Types you will meet: plugins.
export type { NodeView } from './nodes/node-view.js'
export type { NodeRange } from './plugins/node-range.js'
export type {
  ClusterEvent,
  ClusterView,
  DomainFilterPlugin,
  DomainScorePlugin,
  DomainView,
  FilterPlugin,
  FilterReason,
  GlobalFilterPlugin,
  NodeFilterPlugin,
  NodeScorePlugin,
  NodesMeant,
  Normalization,
  Profile,
  ScorePlugin,
  WeightedScore,
} from './plugins/plugin.js'
export type { ScoreFormula, WeightedResource } from './plugins/score-formula.js'
export type { PreparedRequest, RequestField } from './requests/placement-request.js'
export type { AllocationScoreOptions } from './scores/allocation.js'
export type { FewestFailuresOptions } from './scores/fewest-failures.js'
export type { LoadVariationOptions } from './scores/load-variation.js'
export type { TargetLoadOptions } from './scores/target-load.js'
export type { FragmentationOptions } from './scores/least-fragmentation.js'
export type { RequestedToCapacityRatioOptions, ShapePoint } from './scores/requested-to-capacity-ratio.js'
