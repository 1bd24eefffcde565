// Controllers and what reconcilers see.
export type { ReconcileContext } from './attempt/reconcile-context.js'
export { AttemptEndedError, AttemptTimeoutError } from './attempt/attempt-errors.js'
export { createController } from './controller/controller.js'
export { type Controller, type ControllerStatus } from './controller/controller-contract.js'
export type {
  ControllerOptions,
  MappedWatch,
  OwnedWatch,
  Reconciler,
  ReferenceWatch,
  WatchSource,
} from './controller/controller-options.js'

export type { HotLoop, ValueChange } from './hot-loops/hot-loop.js'
export type { QuarantinedKey } from './controller/quarantine.js'

// Sources.
export { defineIndex, type IndexValue, type ObjectIndex } from './cache/object-index.js'
export { createCache } from './cache/cache.js'
export { type Cache, type CacheChanges, type CacheOptions } from './cache/cache-contract.js'
export type { OwnWritesPolicy } from './attempt/attempt-view.js'
export type { CacheDifference } from './cache/verify.js'
export type { SourceChange } from './sources/event-mapping.js'
export {
  allOf,
  anyOf,
  generationChanged,
  labelsMatch,
  not,
  pathChanged,
  type Predicate,
} from './sources/predicates.js'
export type { Listed, ObjectSource } from './sources/object-source.js'
export { fromStream, fromTimer, type SignalSource } from './sources/signal-source.js'
export type { ObservableLike, Stream } from './sources/stream.js'

// Results.
export { decideOutcome, type Outcome } from './controller/outcome.js'
export { type AttemptEnd } from './attempt/attempt.js'
export {
  poll,
  type PollOptions,
  requeueAfter,
  type Result,
  RetryAfterError,
  TerminalError,
} from './attempt/result.js'

// Children and events.
export { child, type Children, type ChildrenReport, type DesiredChild } from './children/children.js'
export { type Claim, claim, type ClaimOptions, type ClaimVerdict, claimVerdict } from './children/claim.js'
export { createExpectations, type Expectations } from './children/expectations.js'
export { slowStart, type SlowStartReport } from './children/slow-start.js'
export type { EventLimits } from './events/event-correlator.js'
export type { EventInput, EventRecord } from './events/event-record.js'
export {
  createEventRecorder,
  type EventRecorder,
  type EventRecorderOptions,
} from './events/event-recorder.js'

// Managers.
export { type Manager, type ManagerOptions, type ManagerStatus } from './manager/manager-contract.js'
export { createManager } from './manager/manager.js'
export type { Health, HealthCheck } from './manager/manager-health.js'
export type { PartOptions } from './manager/part-order.js'
export type { Runnable } from './manager/runnable.js'
export type { StopEntry, StopOptions, StopOutcome, StopReport } from './stop-report.js'

// The queue on its own.
export type { Fairness } from './queue/fair-classes.js'
export type { KeyHistory } from './limiters/rate-limiter.js'
export {
  type AddAfterOptions,
  type AddOptions,
  type KeyState,
  type WorkQueue,
  type WorkQueueOptions,
} from './queue/work-queue-contract.js'
export { createWorkQueue } from './queue/work-queue.js'

// Rate limiters.
export { bucketLimiter, type BucketLimiterOptions } from './limiters/bucket-limiter.js'
export {
  decorrelatedJitterLimiter,
  type DecorrelatedJitterOptions,
  exponentialLimiter,
  type ExponentialLimiterOptions,
} from './limiters/exponential-limiter.js'
export {
  type Delay,
  fastSlowLimiter,
  giveUpLimiter,
  maxOfLimiter,
  maxWaitLimiter,
  type RateLimiter,
} from './limiters/rate-limiter.js'

// Pure parts for reconcilers.
export { type ConditionState, setCondition } from './conditions.js'
export { controllerOf, controllerReference, isControlledBy } from './owner-reference.js'

// Waiting, for programs and tests.
export { waitUntil, type WaitUntilOptions, WaitTimeoutError } from './wait-until.js'

// Leader election.
export type { LeaderElectionOptions } from './election/election-options.js'
export type { ElectionKind, ElectionLeaseSpec } from './election/lease-record.js'
export { type ElectionListener, type ElectionStatus, type Elector } from './election/elector-contract.js'
export { createElector } from './election/elector.js'
export type { Leadership } from './election/leadership.js'

// Generic loops.
export {
  createGarbageCollector,
  type GarbageCollectorOptions,
} from './garbage-collection/garbage-collector.js'
export { createExpiryController, type ExpiryControllerOptions } from './loops/expiry-controller.js'
export { type Finalizer, type FinalizersOptions, withFinalizers } from './loops/with-finalizers.js'
export {
  createNamespaceController,
  NAMESPACE_FINALIZER,
  type NamespaceControllerOptions,
} from './loops/namespace-controller.js'
