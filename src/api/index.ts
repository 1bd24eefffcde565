export type {
  Condition,
  Endpoint,
  EndpointConditions,
  EventRecord,
  LabelSelectorObject,
  LeaseRecord,
  ResourceInput,
  Taint,
  Toleration,
  TrafficShare,
} from '../core/index.js'
export { findCondition, isConditionTrue } from '../core/index.js'
export { AddressClaim, type AddressClaimSpec } from './address-claim.js'
export {
  Deployment,
  type DeploymentSpec,
  type DeploymentStatus,
  type DeploymentStrategy,
  type RolloutFailureAction,
} from './deployment.js'
export { EndpointSlice, type EndpointSliceSpec } from './endpoint-slice.js'
export { Event } from './event.js'
export { Lease } from './lease.js'
export { Node, type NodeSpec, type NodeStatus } from './node.js'
export type { Probe, ProbeResult } from './probe.js'
export { ReplicaSet, type ReplicaSetSpec, type ReplicaSetStatus } from './replica-set.js'
export { Revision, type RevisionSpec, type RevisionStatus } from './revision.js'
export { Service, type ServicePort, type ServiceSpec, type ServiceStatus } from './service.js'
export {
  type EnvVar,
  isTaskFinished,
  Task,
  type TaskPhase,
  type TaskPort,
  type TaskPortStatus,
  type TaskSpec,
  type TaskStatus,
  type TaskTemplate,
  TEMPLATE_HASH_LABEL,
} from './task.js'
export type { RunningTask, TaskExit, TaskRuntime } from './task-runtime.js'
