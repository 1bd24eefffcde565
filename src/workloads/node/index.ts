// Start here.
export { createChildProcessRuntime } from './child-process-runtime.js'

// To build with: single probes, for a runtime of your own.
export { probeHttp, probeTcp } from './network-probe.js'

// Types you will meet.
export type { ChildProcessRuntime, ChildProcessRuntimeOptions } from './child-process-runtime.js'
export type { PortRange } from './free-port.js'
export type { HttpProbeOptions, ProbeReport, TcpProbeOptions } from './network-probe.js'
export type { TaskLogLine, TaskLogOptions } from './task-output.js'
