// Ports: what a shell may take from outside.
export type { Cancel, Clock } from './env/clock.js'
export type { Env } from './env/env.js'
export type { IdSource } from './env/ids.js'
export type { LogFields, Logger, LogMethod } from './env/logger.js'
export type {
  Counter,
  Gauge,
  Histogram,
  InstrumentOptions,
  MetricLabels,
  Metrics,
} from './metrics/metrics.js'
export type { Random } from './env/random.js'
export type { DeferredStep, StepFate, StepInfo, StepKind, TaskScheduler } from './env/task-scheduler.js'

// Errors.
export type {
  DetailsByCode,
  ErrorDetails,
  FieldProblem,
  KeelsonErrorCode,
  KeelsonErrorOf,
  KeelsonErrorOptions,
} from './errors.js'
export { assertValid, ClosedError, InvalidError, isKeelsonError, KeelsonError, UsageError } from './errors.js'
export type { WholeNumberRange } from './whole-number.js'
export { wholeNumber } from './whole-number.js'

// Shapes that several modules share.
export type { Condition } from './shapes/condition.js'
export { findCondition, isConditionTrue, setCondition } from './shapes/condition.js'
export type { EventRecord } from './shapes/event-record.js'
export type { LeaseRecord } from './shapes/lease-record.js'
export type { Taint, TaintEffect, Toleration } from './shapes/taint.js'

// Environments.
export type { EnvPorts, OpenPorts } from './env/env-tree.js'
export { createEnvTree } from './env/env-tree.js'
export type { EnvOptions } from './env/system-env.js'
export { createEnv, systemEnv } from './env/system-env.js'
export { createSeededRandom } from './env/seeded-random.js'
export { silentLogger } from './env/silent-logger.js'

// Time.
export type { Backoff } from './time/backoff.js'
export { backoffMs } from './time/backoff.js'
export { formatTime, parseTime } from './time/time-text.js'

// Metrics.
export type { MemoryMetrics, MemoryMetricsOptions } from './metrics/memory-metrics.js'
export { createMemoryMetrics } from './metrics/memory-metrics.js'
export type { MetricKind } from './metrics/metrics.js'
export type { MetricSnapshot, SeriesSnapshot } from './metrics/openmetrics.js'

// Structures.
export { Bitset } from './structures/bitset.js'
export type { HeapHandle } from './structures/indexed-heap.js'
export { heapHandle, IndexedHeap } from './structures/indexed-heap.js'
export type { SequenceRingOptions } from './structures/ring.js'
export { SequenceRing } from './structures/ring.js'

// Text and JSON values.
export { compareText } from './text/compare-text.js'
export { isRecord } from './json/record.js'
export { canonicalJson } from './json/canonical-json.js'
export { contentHash } from './json/content-hash.js'
export { deepEqual } from './json/deep-equal.js'
export { deepFreeze } from './json/deep-freeze.js'

// Ending things.
export type { DerivedSignal } from './env/abort.js'
export { abortable, anySignal, withDeadline } from './env/abort.js'
export type { Closable, Lifecycle } from './env/lifecycle.js'
export { createLifecycle } from './env/lifecycle.js'
export type { Listeners, ListenersOptions } from './env/listeners.js'
export { createListeners } from './env/listeners.js'

// Selectors.
export {
  escapeFieldValue,
  type FieldRequirement,
  type FieldSelector,
  fieldSelectorOf,
  parseFieldSelector,
} from './selectors/field-selector.js'
export type { LabelOperator, LabelRequirement, Labels } from './selectors/label-requirement.js'
export {
  type LabelSelector,
  type LabelSelectorExpression,
  type LabelSelectorObject,
  labelSelectorFromObject,
  labelSelectorOf,
  parseLabelSelector,
} from './selectors/label-selector.js'
export {
  labelKeyProblem,
  labelProblems,
  labelValueProblem,
  validateLabels,
} from './selectors/label-syntax.js'

// Amounts.
export {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  type QuantityFormat,
} from './resources/quantity.js'
export {
  type ResourceUnit,
  ResourceRangeError,
  resourceName,
  resourceUnit,
} from './resources/resource-units.js'
export {
  addResources,
  amountOf,
  containsResources,
  equalResources,
  formatResources,
  isZeroResources,
  maxResources,
  minResources,
  missingResource,
  parseResources,
  type ResourceInput,
  type ResourceVector,
  scaleResources,
  subtractResources,
  subtractResourcesToZero,
  sumResources,
  trySubtractResources,
} from './resources/resources.js'
export {
  containsPortRanges,
  countPorts,
  equalPortRanges,
  formatPortRanges,
  hasPort,
  intersectPortRanges,
  type PortRange,
  type PortRanges,
  parsePortRanges,
  portRangesOf,
  subtractPortRanges,
  takePorts,
  unionPortRanges,
} from './resources/port-ranges.js'

// Constraints.
export { type Attributes, type AttributeValue, attributeOf } from './constraints/attribute-value.js'
export type { ConstraintValue, NodeOperator } from './constraints/constraint-operators.js'
export {
  type CompiledConstraint,
  type Constraint,
  type ConstraintSet,
  type ConstraintVerdict,
  compileConstraint,
  compileConstraints,
  formatConstraint,
  type SiblingView,
  type SpreadOperator,
} from './constraints/constraints.js'
export { countSiblings, type SiblingCounts } from './constraints/sibling-counts.js'
export {
  kubernetesConstraint,
  type NodeSelectorRequirement,
} from './constraints/presets/kubernetes-constraints.js'
export { type MarathonConstraint, marathonConstraint } from './constraints/presets/marathon-constraints.js'
export { type MesosAttributeConstraint, mesosConstraint } from './constraints/presets/mesos-constraints.js'
export { type NomadConstraint, nomadConstraints } from './constraints/presets/nomad-constraints.js'
export { swarmConstraint } from './constraints/presets/swarm-constraints.js'

// Reasons.
export {
  type CountedReason,
  type Reason,
  type ReasonSummary,
  type Rejection,
  renderReasons,
  rollUpReasons,
} from './reasons.js'
