export { type CrashBackoff, crashBackoffUntil, defaultCrashBackoff } from './crash-backoff.js'
export { createNodeAgentController, type NodeAgentOptions } from './shell/node-agent-controller.js'
export { NODE_AGENT_FINALIZER, NODE_LEASE_NAMESPACE } from './node-agent-names.js'
export { createNodeHeartbeat, type NodeHeartbeatOptions } from './shell/node-heartbeat.js'
export {
  createNodeLifecycleController,
  type NodeLifecycleOptions,
} from './shell/node-lifecycle-controller.js'
export {
  type Heartbeat,
  type NodeLifecycleLimits,
  type NodeLifecyclePlan,
  planNodeLifecycle,
} from './node-lifecycle-plan.js'
export { createReplicaController, type ReplicaControllerOptions } from './shell/replica-controller.js'
export {
  isTaskActive,
  planReplicas,
  type ReplicaBlocker,
  type ReplicaLimits,
  type ReplicaPlan,
  replicaStatus,
} from './replica-plan.js'
export { scaleDownOrder } from './scale-down-order.js'
export { type LocalTask, nextTaskStep, type TaskStep } from './task-lifecycle.js'
export type { ProbeMachine, ProbeMachineFactory, ProbeVerdict } from './probe-machine.js'
