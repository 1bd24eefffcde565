// Start here.
export type { Env } from './env/env.js'
export { createEnv, systemEnv } from './env/system-env.js'
export { isKeelsonError } from './errors.js'
export { createMemoryMetrics } from './metrics/memory-metrics.js'
export { parseQuantity } from './resources/quantity.js'
export { parseResources } from './resources/resources.js'
export { parseLabelSelector } from './selectors/label-selector.js'
export { setCondition } from './shapes/condition.js'
export { formatTime, parseTime } from './time/time-text.js'

// To build with: errors.
export { ClosedError, InvalidError, KeelsonError, UsageError } from './errors.js'

// To build with: environments of your own.
export { createSeededRandom } from './env/seeded-random.js'
export { silentLogger } from './env/silent-logger.js'

// To build with: conditions, text, JSON values and structures.
export { contentHash } from './json/content-hash.js'
export { findCondition, isConditionTrue } from './shapes/condition.js'

// To build with: selectors.
export { escapeFieldValue } from './selectors/field-requirement.js'

// To build with: amounts and ports.
export { formatPortRanges, parsePortRanges } from './resources/port-ranges.js'
export { formatQuantity } from './resources/quantity.js'
export {
  addResources,
  containsResources,
  formatResources,
  missingResource,
  subtractResources,
} from './resources/resources.js'

// To build with: constraints and reasons.
export { compileConstraints } from './constraints/constraints.js'
export { countSiblings } from './constraints/sibling-counts.js'
export { kubernetesConstraint } from './constraints/presets/kubernetes-constraints.js'
export { marathonConstraint } from './constraints/presets/marathon-constraints.js'
export { mesosConstraint } from './constraints/presets/mesos-constraints.js'
export { nomadConstraints } from './constraints/presets/nomad-constraints.js'
export { swarmConstraint } from './constraints/presets/swarm-constraints.js'
export { renderReasons, rollUpReasons } from './reasons.js'

// Types you will meet.
export type { Attributes, AttributeValue } from './constraints/attribute-value.js'
export type { Constraint, ConstraintSet, ConstraintVerdict } from './constraints/constraints.js'
export type { Cancel, Clock } from './env/clock.js'
export type { IdSource } from './env/ids.js'
export type { Logger } from './env/logger.js'
export type { Random } from './env/random.js'
export type { EnvOptions } from './env/system-env.js'
export type { DeferredStep, StepFate, StepInfo, TaskScheduler } from './env/task-scheduler.js'
export type { DetailsByCode, ErrorDetails, FieldProblem, KeelsonErrorCode } from './errors.js'
export type { MemoryMetrics, MemoryMetricsOptions } from './metrics/memory-metrics.js'
export type {
  Counter,
  Gauge,
  Histogram,
  InstrumentOptions,
  MetricLabels,
  Metrics,
} from './metrics/metrics.js'
export type { MetricSnapshot } from './metrics/openmetrics.js'
export type { Reason, ReasonSummary, Rejection } from './reasons.js'
export type { PortRange, PortRanges } from './resources/port-ranges.js'
export type { Quantity } from './resources/quantity.js'
export type { ResourceInput, ResourceVector } from './resources/resources.js'
export type { LabelRequirement, Labels } from './selectors/label-requirement.js'
export type { LabelSelector, LabelSelectorObject } from './selectors/label-selector.js'
export type { BalancePolicy } from './shapes/balance.js'
export type { Condition } from './shapes/condition.js'
export type { Endpoint, EndpointConditions, TrafficShare } from './shapes/endpoint.js'
export type { EventRecord } from './shapes/event-record.js'
export type { LeaseRecord } from './shapes/lease-record.js'
export type { Taint, TaintEffect, Toleration } from './shapes/taint.js'
