// What other modules of this package take from core, and users do without.

// Constraints, ports and thousandths, for pools of offers.
export { attributeOf, attributeText } from './constraints/attribute-value.js'
export type { CompiledConstraint, SiblingView } from './constraints/constraints.js'
export { formatConstraint } from './constraints/constraints.js'
export { nodeAttributes } from './constraints/node-attributes.js'
export type { SiblingCounts } from './constraints/sibling-counts.js'
// Cron: schedules of the kind that admission reads.
export type { CronSchedule, CronSpec } from './cron/cron-schedule.js'
export { compileCron, nextRuns } from './cron/cron-schedule.js'
export type { EnvPorts, OpenPorts } from './env/env-tree.js'
export { createEnvTree } from './env/env-tree.js'
export type { Listeners } from './env/listeners.js'
export { callListener, createListeners, onRejected } from './env/listeners.js'
export type { LogFields, LogMethod } from './env/logger.js'
export { SharedTimeout } from './env/shared-timeout.js'
export type { Span, SpanAttributes, Tracer } from './env/tracer.js'
export { boundedJson, boundedText } from './error-details.js'
export type { KeelsonErrorOf, KeelsonErrorOptions } from './errors.js'
export { assertValid } from './errors.js'
// Fairness: what a pass over a queue may use.
export type { BorrowingQuota, QuotaDefinition } from './fairness/borrowing-quota.js'
export { createBorrowingQuota } from './fairness/borrowing-quota.js'
// Fairness: the ordered tree and the quota tree that decide in passes.
export type { FairKey } from './fairness/fair-node.js'
export { FairNode } from './fairness/fair-node.js'
export { FairTree, weightThousandths } from './fairness/fair-tree.js'
export type { QuotaBounds, QuotaNode } from './fairness/quota-tree.js'
export { QuotaTree } from './fairness/quota-tree.js'
export { weightedShuffle } from './fairness/weighted-shuffle.js'
export type {
  HealthMachine,
  HealthMachineOptions,
  HealthState,
  HealthStatus,
  ProbeOutcome,
} from './health/health-machine.js'
export { createHealthMachine } from './health/health-machine.js'
export type { ProbeTimings, ProbeUse } from './health/presets/kubernetes-probes.js'
export { createProbeMachine } from './health/presets/kubernetes-probes.js'
export { canonicalJson } from './json/canonical-json.js'
export { encodeHash, hash64 } from './json/content-hash.js'
export { deepEqual } from './json/deep-equal.js'
export { isRecord } from './json/record.js'
export type { KnownOptions, OptionNames } from './known-options.js'
export { assertKnown, knownOptions, ownOptions } from './known-options.js'
export { silentMetrics } from './metrics/silent-metrics.js'
export { nearestName } from './nearest-name.js'
export type { NodeSelector, NodeTest, SelectableNode } from './placement/node-selector.js'
export { compileNodeSelector, compileNodeTerm } from './placement/node-selector.js'
export type { PlacementRules } from './placement/placement-problems.js'
export { placementProblems, preferenceProblems } from './placement/placement-problems.js'
export type {
  DeviceRequest,
  NodePreference,
  NodeSelectorTerm,
  Platform,
  TaskAffinity,
  TopologySpread,
  VolumeAccess,
  VolumeClaim,
} from './placement/placement-rules.js'
export { selectorContradiction } from './placement/selector-contradiction.js'
export { readProblems } from './read-problems.js'
export { rollUpRefused } from './reasons.js'
export {
  containsPortRanges,
  countPorts,
  equalPortRanges,
  hasPort,
  portRangesOf,
  subtractPortRanges,
  takePorts,
  unionPortRanges,
} from './resources/port-ranges.js'
export { fromThousandths, resourceUnit, toThousandths } from './resources/resource-units.js'
export { fieldTest, formatFieldRequirement } from './selectors/field-requirement.js'
export type { FieldSelector } from './selectors/field-selector.js'
export { parseFieldSelector } from './selectors/field-selector.js'
export type { NodeLabelExpression } from './selectors/label-selector.js'
export { labelSelectorFromObject } from './selectors/label-selector.js'
export { labelKeyProblem, labelProblems, labelValueProblem } from './selectors/label-syntax.js'
export type { FailureAction, FailurePolicy } from './shapes/failure-policy.js'
export { failurePolicyProblems, REVERTS_MAX } from './shapes/failure-policy.js'
export type { IntOrPercent, PercentRounding } from './shapes/int-or-percent.js'
export { parseIntOrPercent, resolveIntOrPercent } from './shapes/int-or-percent.js'
export type { LedgerMark } from './shapes/ledger-mark.js'
export { NOT_READY_TAINT, OUT_OF_SERVICE_TAINT, UNREACHABLE_TAINT } from './shapes/node-taints.js'
export type { RollingBounds } from './shapes/rolling-bounds.js'
export { ROLLING_BOUND_DEFAULT, rollingBoundsProblems } from './shapes/rolling-bounds.js'
export {
  countAvoidedTaints,
  findForbiddingTaint,
  formatTaint,
  isTolerated,
  toleratedSeconds,
} from './shapes/taint-matching.js'
export type { CalendarWindow, Gate } from './strategies/rollout-gate.js'
export type { RolloutHook, RolloutStep, RolloutStops } from './strategies/rollout-strategy.js'
export { rollbackBounds, stepsProblems, stopsProblems, WAYPOINTS_MAX } from './strategies/rollout-strategy.js'
export { Bitset } from './structures/bitset.js'
export { dependencyLayers } from './structures/dependency-layers.js'
export { IndexRanges } from './structures/index-ranges.js'
export type { HeapHandle } from './structures/indexed-heap.js'
export { heapHandle, IndexedHeap } from './structures/indexed-heap.js'
export type { InteropObserver } from './structures/interop-observable.js'
export { observableKey, offerObservable } from './structures/interop-observable.js'
export type { Linked } from './structures/linked-list.js'
export { LinkedList } from './structures/linked-list.js'
export { SmallMap } from './structures/small-map.js'
export type { Cidr } from './text/cidr.js'
export { cidrContains, cidrOverlaps, formatCidr, parseCidr } from './text/cidr.js'
export { compareText } from './text/compare-text.js'
export type { IpAddress } from './text/ip-address.js'
export { canonicalIp, formatIp, ipBytes, ipFamily, ipFromBytes, parseIp } from './text/ip-address.js'
export { compileLinearRegExp } from './text/linear-regexp.js'
export type { Backoff } from './time/backoff.js'
export { backoffMs } from './time/backoff.js'
export { parseDuration } from './time/duration.js'
export { compareTimes } from './time/time-text.js'
export type { WholeNumberRange } from './whole-number.js'
export { wholeNumber } from './whole-number.js'
