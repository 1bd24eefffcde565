// Controllers and what reconcilers see.
export type { ReconcileContext } from './reconcile-context.js'
export { AttemptEndedError, AttemptTimeoutError } from './attempt-errors.js'
export { type Controller, type ControllerStatus, createController } from './controller.js'
export type {
  ControllerOptions,
  MappedWatch,
  OwnedWatch,
  Reconciler,
  ReferenceWatch,
  WatchSource,
} from './controller-options.js'

export type { HotLoop, ValueChange } from './hot-loops/hot-loop.js'
export type { QuarantinedKey } from './quarantine.js'

// Sources.
export { defineIndex, type IndexValue, type ObjectIndex } from './cache/object-index.js'
export { type Cache, type CacheChanges, type CacheOptions, createCache } from './cache/cache.js'
export type { OwnWritesPolicy } from './cache/attempt-view.js'
export type { CacheDifference } from './cache/verify.js'
export type { ObjectChange } from './event-mapping.js'
export {
  allOf,
  anyOf,
  generationChanged,
  labelsMatch,
  not,
  pathChanged,
  type Predicate,
} from './predicates.js'
export type { Listed, ObjectSource } from './sources/object-source.js'
export { fromStream, fromTimer, type SignalSource } from './sources/signal-source.js'
export type { ObservableLike, Stream } from './sources/stream.js'

// Results.
export { type AttemptEnd, decideOutcome, type Outcome } from './outcome.js'
export {
  poll,
  type PollOptions,
  requeueAfter,
  type Result,
  RetryAfter,
  Terminal,
} from './result.js'

// Children and events.
export {
  child,
  type Children,
  type ChildrenReport,
  type DesiredChild,
} from './children/children.js'
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
export { createManager, type Manager, type ManagerOptions, type ManagerStatus } from './manager.js'
export type { Health, HealthCheck } from './manager-health.js'
export type { PartOptions } from './part-order.js'
export type { Runnable } from './runnable.js'
export type { StopEntry, StopOptions, StopOutcome, StopReport } from './stop-report.js'

// The queue on its own.
export type { Fairness } from './fair-classes.js'
export type { KeyHistory } from './key-history.js'
export {
  type AddAfterOptions,
  type AddOptions,
  createWorkQueue,
  type KeyState,
  type WorkQueue,
  type WorkQueueOptions,
} from './work-queue.js'

// Rate limiters.
export { bucketLimiter, type BucketLimiterOptions } from './bucket-limiter.js'
export {
  decorrelatedJitterLimiter,
  type DecorrelatedJitterOptions,
  exponentialLimiter,
  type ExponentialLimiterOptions,
} from './exponential-limiter.js'
export {
  type Delay,
  fastSlowLimiter,
  giveUpLimiter,
  maxOfLimiter,
  maxWaitLimiter,
  type RateLimiter,
} from './rate-limiter.js'

// Pure parts for reconcilers.
export { type ConditionState, setCondition } from './conditions.js'
export { controllerOf, controllerReference, isControlledBy } from './owner-reference.js'

// Waiting, for programs and tests.
export { waitUntil, type WaitUntilOptions, WaitTimeoutError } from './wait-until.js'

// Leader election.
export type { LeaderElectionOptions } from './election/election-options.js'
export type { ElectionKind, ElectionLeaseSpec } from './election/election-record.js'
export {
  createElector,
  type ElectionListener,
  type ElectionStatus,
  type Elector,
} from './election/elector.js'
export type { Leadership } from './election/leadership.js'

// Generic loops.
export {
  createGarbageCollector,
  type GarbageCollectorOptions,
} from './garbage-collection/garbage-collector.js'
export { createExpiryController, type ExpiryControllerOptions } from './expiry-controller.js'
export { type Finalizer, type FinalizersOptions, withFinalizers } from './finalizers.js'
export { createNamespaceController, type NamespaceControllerOptions } from './namespace-controller.js'
