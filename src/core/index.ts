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
export { createEnvTree } from './env/env-tree.js'
export { createListeners } from './env/listeners.js'
export { createSeededRandom } from './env/seeded-random.js'
export { silentLogger } from './env/silent-logger.js'

// To build with: conditions, text, JSON values and structures.
export { canonicalJson } from './json/canonical-json.js'
export { contentHash } from './json/content-hash.js'
export { findCondition, isConditionTrue } from './shapes/condition.js'
export { Bitset } from './structures/bitset.js'
export { heapHandle, IndexedHeap } from './structures/indexed-heap.js'

// To build with: selectors.
export { escapeFieldValue, parseFieldSelector } from './selectors/field-selector.js'
export { labelSelectorFromObject } from './selectors/label-selector.js'

// To build with: amounts and ports.
export {
  containsPortRanges,
  countPorts,
  equalPortRanges,
  formatPortRanges,
  hasPort,
  intersectPortRanges,
  parsePortRanges,
  portRangesOf,
  subtractPortRanges,
  takePorts,
  unionPortRanges,
} from './resources/port-ranges.js'
export { compareQuantities, formatQuantity } from './resources/quantity.js'
export {
  addResources,
  containsResources,
  formatResources,
  missingResource,
  subtractResources,
} from './resources/resources.js'

// To build with: constraints and reasons.
export { compileConstraint, compileConstraints, formatConstraint } from './constraints/constraints.js'
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
export type { EnvPorts, OpenPorts } from './env/env-tree.js'
export type { IdSource } from './env/ids.js'
export type { Listeners } from './env/listeners.js'
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
export type { FieldSelector } from './selectors/field-selector.js'
export type { LabelRequirement, Labels } from './selectors/label-requirement.js'
export type { LabelSelector, LabelSelectorObject } from './selectors/label-selector.js'
export type { Condition } from './shapes/condition.js'
export type { Endpoint, EndpointConditions, TrafficShare } from './shapes/endpoint.js'
export type { EventRecord } from './shapes/event-record.js'
export type { LeaseRecord } from './shapes/lease-record.js'
export type { Taint, TaintEffect, Toleration } from './shapes/taint.js'
export type { HeapHandle } from './structures/indexed-heap.js'

// What the modules of this package share.
export type { KeelsonErrorOf, KeelsonErrorOptions } from './errors.js'
export { assertValid } from './errors.js'
export { deepEqual } from './json/deep-equal.js'
export { isRecord } from './json/record.js'
export type { LabelSelectorExpression } from './selectors/label-selector.js'
export { labelKeyProblem, labelProblems, labelValueProblem } from './selectors/label-syntax.js'
export { compareText } from './text/compare-text.js'
export type { IpAddress } from './text/ip-address.js'
export { canonicalIp, formatIp, ipBytes, ipFamily, ipFromBytes, parseIp } from './text/ip-address.js'
export type { Backoff } from './time/backoff.js'
export { backoffMs } from './time/backoff.js'
export { wholeNumber } from './whole-number.js'
export type { LogFields, LogMethod } from './env/logger.js'
