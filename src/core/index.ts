// Ports: what a shell may take from outside.
export type { Cancel, Clock } from './clock.js'
export type { Env } from './env.js'
export type { IdSource } from './ids.js'
export type { LogFields, Logger, LogMethod } from './logger.js'
export type { Counter, Gauge, Histogram, InstrumentOptions, MetricLabels, Metrics } from './metrics.js'
export type { Random } from './random.js'
export type { StepInfo, StepKind, TaskScheduler } from './task-scheduler.js'

// Errors.
export type { ErrorDetails, FieldProblem, KeelsonErrorCode, KeelsonErrorOptions } from './errors.js'
export { ClosedError, InvalidError, isKeelsonError, KeelsonError, UsageError } from './errors.js'

// Environments.
export type { EnvPorts, OpenPorts } from './env-tree.js'
export { createEnvTree } from './env-tree.js'
export type { EnvOptions } from './system-env.js'
export { createEnv, systemEnv } from './system-env.js'
export { createSeededRandom } from './seeded-random.js'
export { silentLogger } from './silent-logger.js'

// Time.
export { formatTime, parseTime } from './time-text.js'

// Metrics.
export type { MemoryMetrics, MemoryMetricsOptions } from './memory-metrics.js'
export { createMemoryMetrics } from './memory-metrics.js'
export type { MetricKind, MetricSnapshot, SeriesSnapshot } from './openmetrics.js'

// Structures.
export type { HeapHandle } from './indexed-heap.js'
export { heapHandle, IndexedHeap } from './indexed-heap.js'
