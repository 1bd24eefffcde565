// Start here.
export { createAutoscalerController } from './shell/autoscaler-controller.js'
export { createCellController } from './shell/cell-controller.js'
export { createCronJobController } from './shell/cron-job-controller.js'
export { createDaemonSetController } from './shell/daemon-set-controller.js'
export { createJobController } from './shell/job-controller.js'
export { createNodeAgentController } from './shell/node-agent-controller.js'
export { createNodeHeartbeat } from './shell/node-heartbeat.js'
export { createNodeLifecycleController } from './shell/node-lifecycle-controller.js'
export { createReplicaController } from './shell/replica-controller.js'
export { createStatefulSetController } from './shell/stateful-set-controller.js'

// To build with: what people do.
export { drainNode } from './shell/drain-node.js'

// To build with: the plans of these loops.
export { planNodeLifecycle } from './node-lifecycle-plan.js'
export { planReplicas } from './replica-plan.js'
export { nextTaskStep } from './task-lifecycle.js'

// Types you will meet.
export type { AutoscalerControllerOptions } from './shell/autoscaler-controller.js'
export type { CellControllerOptions } from './shell/cell-controller.js'
export type { SetControllerOptions } from './shell/stateful-set-controller.js'
export type { CrashBackoff } from './crash-backoff.js'
export type { Heartbeat, NodeLifecycleLimits, NodeLifecyclePlan } from './node-lifecycle-plan.js'
export type { ProbeMachine, ProbeMachineFactory } from './probe-machine.js'
export type { ReplicaBlocker, ReplicaLimits, ReplicaPlan, ReplicaView } from './replica-plan.js'
export type { ScaleDownReason, ScaleDownVictim } from './scale-down-order.js'
export type { CronJobControllerOptions } from './shell/cron-job-controller.js'
export type { DrainNodeOptions, DrainReport } from './shell/drain-node.js'
export type { JobControllerOptions } from './shell/job-controller.js'
export type { NodeAgentOptions } from './shell/node-agent-controller.js'
export type { NodeHeartbeatOptions } from './shell/node-heartbeat.js'
export type { NodeLifecycleOptions } from './shell/node-lifecycle-controller.js'
export type { ReplicaControllerOptions } from './shell/replica-controller.js'
export type { LocalTask, TaskStep } from './task-lifecycle.js'
export type { EvictionRates } from './zone-disruption.js'
