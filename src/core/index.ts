// Ports: what a shell may take from outside.
export type { Cancel, Clock } from './clock.js'
export type { Env } from './env.js'
export type { IdSource } from './ids.js'
export type { LogFields, Logger, LogMethod } from './logger.js'
export type { Counter, Gauge, Histogram, InstrumentOptions, MetricLabels, Metrics } from './metrics.js'
export type { Random } from './random.js'
export type { DeferredStep, StepFate, StepInfo, StepKind, TaskScheduler } from './task-scheduler.js'

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
export { Bitset } from './bitset.js'
export type { HeapHandle } from './indexed-heap.js'
export { heapHandle, IndexedHeap } from './indexed-heap.js'
export type { SequenceRingOptions } from './ring.js'
export { SequenceRing } from './ring.js'

// JSON values.
export { canonicalJson } from './canonical-json.js'
export { contentHash } from './content-hash.js'
export { deepEqual } from './deep-equal.js'
export { deepFreeze } from './deep-freeze.js'

// Ending things.
export type { DerivedSignal } from './abort.js'
export { abortable, anySignal, withDeadline } from './abort.js'
export type { Closable, Lifecycle } from './lifecycle.js'
export { createLifecycle } from './lifecycle.js'
export type { Listeners, ListenersOptions } from './listeners.js'
export { createListeners } from './listeners.js'

// Selectors.
export {
  escapeFieldValue,
  type FieldRequirement,
  type FieldSelector,
  fieldSelectorOf,
  parseFieldSelector,
} from './field-selector.js'
export type { LabelOperator, LabelRequirement, Labels } from './label-requirement.js'
export {
  type LabelSelector,
  type LabelSelectorExpression,
  type LabelSelectorObject,
  labelSelectorFromObject,
  labelSelectorOf,
  parseLabelSelector,
} from './label-selector.js'
export { labelKeyProblem, labelProblems, labelValueProblem, validateLabels } from './label-syntax.js'

// Amounts.
export {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  type QuantityFormat,
} from './quantity.js'
export { type ResourceUnit, ResourceRangeError, resourceName, resourceUnit } from './resource-units.js'
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
} from './resources.js'
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
} from './port-ranges.js'

// Constraints.
export { type Attributes, type AttributeValue, attributeOf } from './attribute-value.js'
export type { ConstraintValue, NodeOperator } from './constraint-operators.js'
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
} from './constraints.js'
export { countSiblings, type SiblingCounts } from './sibling-counts.js'
export { kubernetesConstraint, type NodeSelectorRequirement } from './presets/kubernetes-constraints.js'
export { type MarathonConstraint, marathonConstraint } from './presets/marathon-constraints.js'
export { type MesosAttributeConstraint, mesosConstraint } from './presets/mesos-constraints.js'
export { type NomadConstraint, nomadConstraints } from './presets/nomad-constraints.js'
export { swarmConstraint } from './presets/swarm-constraints.js'

// Reasons.
export {
  type CountedReason,
  type Reason,
  type ReasonSummary,
  type Rejection,
  renderReasons,
  rollUpReasons,
} from './reasons.js'
