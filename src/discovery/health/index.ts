// Start here.
export { createHealthMachine, createProbeMachine } from '../../core/internal.js'
export { createOutlierDetection } from './outlier-detection.js'
export { createTaskHealth } from './task-health.js'

// To build with: how others judge.
export { createCheckRestart } from './check-restart.js'
export { createTtlCheck } from './ttl-check.js'
export { consulHealth } from './consul-health.js'
export { dockerHealth } from './docker-health.js'
export { marathonHealth } from './marathon-health.js'
export { mesosHealth } from './mesos-health.js'

// Types you will meet.
export type {
  HealthMachine,
  HealthMachineOptions,
  HealthState,
  HealthStatus,
  ProbeOutcome,
  ProbeTimings,
  ProbeUse,
} from '../../core/internal.js'
export type { CheckRestart, CheckRestartOptions, CheckRestartState } from './check-restart.js'
export type { ConsulCheck } from './consul-health.js'
export type { DockerHealthCheck } from './docker-health.js'
export type { MarathonHealthCheck } from './marathon-health.js'
export type { MesosHealthCheck } from './mesos-health.js'
export type { OutlierDetection, OutlierEvent, OutlierOptions } from './outlier-detection.js'
export type { TaskHealth, TaskHealthState, TaskHealthVerdict, TaskProbes } from './task-health.js'
export type { TtlCheck } from './ttl-check.js'
