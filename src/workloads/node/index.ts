// Start here.
export { createChildProcessRuntime } from './child-process-runtime.js'

// To build with: single probes, for a runtime of your own.
export { probeExec } from './exec-probe.js'
export { probeFunction } from './function-probe.js'
export { probeGrpc } from './grpc-probe.js'
export { probeHttp, probeTcp } from './network-probe.js'

// Types you will meet.
export type { ChildProcessRuntime, ChildProcessRuntimeOptions } from './child-process-runtime.js'
export type { PortRange } from './free-port.js'
export type { ExecProbeOptions } from './exec-probe.js'
export type { FunctionProbeOptions } from './function-probe.js'
export type { GrpcProbeOptions } from './grpc-probe.js'
export type { HttpProbeOptions, TcpProbeOptions } from './network-probe.js'
export type { ProbeDeadline, ProbeReport } from './settle-once.js'
export type { TaskLogLine, TaskLogOptions } from './task-output.js'
