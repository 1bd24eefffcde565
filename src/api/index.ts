// Start here.
export { Deployment } from './deployment.js'
export { EndpointSlice } from './endpoint-slice.js'
export { Event } from './event.js'
export { Lease } from './lease.js'
export { Node } from './node.js'
export { ReplicaSet } from './replica-set.js'
export { Revision } from './revision.js'
export { Service } from './service.js'
export { Task } from './task.js'
export type { TaskRuntime } from './task-runtime.js'
export type { TrafficAck } from './traffic-ack.js'

// To build with: jobs.
export { CronJob, SCHEDULED_TIME_ANNOTATION } from './cron-job.js'
export { isJobFinished, Job } from './job.js'

// To build with: how many.
export { HorizontalAutoscaler } from './horizontal-autoscaler.js'

// To build with: who comes first.
export { PriorityClass } from './priority-class.js'
export { priorityAdmission } from './priority-admission.js'

// To build with: kinds of discovery and of offers.
export { AddressClaim } from './address-claim.js'
export { Framework } from './framework.js'
export { Reservation } from './reservation.js'
export { Role } from './role.js'
export { TrafficConsumer } from './traffic-consumer.js'

// To build with: sets of tasks that are not alike.
export { Cell } from './cell.js'
export { DaemonSet } from './daemon-set.js'
export { SlotSet } from './slot-set.js'
export { StatefulSet } from './stateful-set.js'

// To build with: Deployments that depend on one another.
export { DeploymentGroup } from './deployment-group.js'

// To build with: who may take tasks away.
export { DisruptionBudget } from './disruption-budget.js'
export { createDisruptionGate } from './disruption-gate.js'
export { takeDisruption } from './take-disruption.js'

// To build with.
export { findCondition, isConditionTrue } from '../core/index.js'
export {
  isTaskActive,
  isTaskFinished,
  JOB_INDEX_ANNOTATION,
  JOB_NAME_ANNOTATION,
  TEMPLATE_HASH_LABEL,
} from './task.js'

// Types you will meet: shapes that several kinds share.
export type { BalancePolicy, Condition, Endpoint, Taint, Toleration, TrafficShare } from '../core/index.js'
export type {
  CalendarWindow,
  FailureAction,
  FailurePolicy,
  Gate,
  LedgerMark,
  RolloutHook,
  RolloutStep,
  RolloutStops,
} from '../core/internal.js'

// Types you will meet: tasks, and where they run.
export type {
  EnvVar,
  TaskPhase,
  TaskPort,
  TaskPortStatus,
  TaskSpec,
  TaskStatus,
  TaskTemplate,
} from './task.js'
export type { Probe, ProbeResult } from './probe.js'
export type { ListedTask, RunningTask, TaskExit } from './task-runtime.js'
export type { NodeSpec, NodeStatus } from './node.js'
export type { PriorityClassSpec } from './priority-class.js'

// Types you will meet: workloads and their history.
export type { DeploymentSpec, DeploymentStatus, DeploymentStrategy } from './deployment.js'
export type {
  DeploymentGroupMember,
  DeploymentGroupSpec,
  DeploymentGroupStatus,
} from './deployment-group.js'
export type { ReplicaSetSpec, ReplicaSetStatus } from './replica-set.js'
export type { RevisionSpec, RevisionStatus } from './revision.js'
export type { SetFailureAction, StatefulSetSpec, StatefulSetStatus } from './stateful-set.js'
export type { DaemonSetSpec, DaemonSetStatus } from './daemon-set.js'
export type { SlotRestartPolicy, SlotSetSpec, SlotSetStatus } from './slot-set.js'
export type { CellSpec, CellStatus } from './cell.js'

// Types you will meet: jobs.
export type { JobIndexFailures, JobStatus } from './job.js'
export type { JobFailureRule, JobSpec, JobSuccessRule } from './job-spec.js'
export type { CronJobSpec, CronJobStatus } from './cron-job.js'

// Types you will meet: how many.
export type {
  HorizontalAutoscalerSpec,
  HorizontalAutoscalerStatus,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  ScaleEvent,
  ScaleRecommendation,
  ScalingPolicy,
  ScalingRules,
} from './horizontal-autoscaler.js'

// Types you will meet: who may take tasks away.
export type {
  DisruptionBudgetSpec,
  DisruptionBudgetStatus,
  DisruptionGrantRecord,
} from './disruption-budget.js'
export type { DisruptionGate } from './disruption-gate.js'
export type {
  DisruptionAsker,
  DisruptionGrant,
  DisruptionRefusal,
  DisruptionRequest,
} from './take-disruption.js'

// Types you will meet: discovery.
export type { ServicePort, ServiceSpec, ServiceStatus } from './service.js'
export type { EndpointSliceSpec } from './endpoint-slice.js'
export type { AddressClaimSpec } from './address-claim.js'
export type { TrafficConsumerSpec } from './traffic-consumer.js'

// Types you will meet: offers.
export type { FrameworkSpec, FrameworkStatus } from './framework.js'
export type { ReservationSpec } from './reservation.js'
export type { RoleSpec, RoleStatus } from './role.js'
