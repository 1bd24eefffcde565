export type { CapturedLog, LogLevel } from './captured-logs.js'
export type { PendingWork } from './pending-work.js'
export type { RunUntilOptions, VirtualEnv, VirtualEnvOptions } from './virtual-env.js'
export { createVirtualEnv } from './virtual-env.js'
export type { LabelCount } from './virtual-errors.js'
export { LivelockError, VirtualTimeoutError } from './virtual-errors.js'

// Laws.
export type { DescribeStoreOptions, MakeStore, TestFramework } from './describe-store.js'
export { describeStore } from './describe-store.js'
