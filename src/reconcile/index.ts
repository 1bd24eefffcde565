// Start here.
export { createController } from './controller/controller.js'
export { createManager } from './manager/manager.js'
export { poll, requeueAfter, RetryAfterError, TerminalError } from './attempt/result.js'
export { child } from './children/children.js'
export { withFinalizers } from './loops/with-finalizers.js'
export { createCache } from './cache/cache.js'
export { createElector } from './election/elector.js'
export { createGarbageCollector } from './garbage-collection/garbage-collector.js'
export { waitUntil } from './wait-until.js'

// To build with: what wakes keys.
export { createKeyedController } from './controller/keyed-controller.js'
export {
  allOf,
  anyOf,
  generationChanged,
  labelsMatch,
  not,
  pathChanged,
} from './sources/predicates.js'
export { fromStream, fromTimer } from './sources/signal-source.js'

// To build with: inside a reconciler.
export { setCondition } from '../core/index.js'
export { defineIndex } from './cache/object-index.js'
export { claim, claimVerdict } from './children/claim.js'
export { createExpectations } from './children/expectations.js'
export { slowStart } from './children/slow-start.js'
export { createEventRecorder } from './events/event-recorder.js'
export { controllerOf, controllerReference, isControlledBy } from './owner-reference.js'

// To build with: the queue on its own, and its limiters.
export { bucketLimiter } from './limiters/bucket-limiter.js'
export { decorrelatedJitterLimiter, exponentialLimiter } from './limiters/exponential-limiter.js'
export { fastSlowLimiter, giveUpLimiter, maxOfLimiter, maxWaitLimiter } from './limiters/rate-limiter.js'
export { createWorkQueue } from './queue/work-queue.js'

// To build with: ready loops.
export { createExpiryController } from './loops/expiry-controller.js'
export { createNamespaceController, NAMESPACE_FINALIZER } from './loops/namespace-controller.js'

// Types you will meet.
export type { ReconcileContext } from './attempt/reconcile-context.js'
export type { Result } from './attempt/result.js'
export type { Cache, CacheChanges } from './cache/cache-contract.js'
export type { ObjectIndex } from './cache/object-index.js'
export type { Children, DesiredChild } from './children/children.js'
export type { Claim } from './children/claim.js'
export type { Expectations } from './children/expectations.js'
export type { Controller, ControllerStatus } from './controller/controller-contract.js'
export type { ControllerOptions, Reconciler, WatchSource } from './controller/controller-options.js'
export type { KeyedController } from './controller/keyed-controller.js'
export type { QuarantinedKey } from './controller/quarantine.js'
export type { ElectionStatus, Elector } from './election/elector-contract.js'
export type { LeaderElectionOptions } from './election/election-options.js'
export type { Leadership } from './election/leadership.js'
export type { EventInput } from './events/event-correlator.js'
export type { EventDestination } from './events/event-destination.js'
export type { EventRecorder } from './events/event-recorder.js'
export type { HotLoop } from './hot-loops/hot-loop.js'
export type { KeyHistory, RateLimiter } from './limiters/rate-limiter.js'
export type { Finalizer } from './loops/with-finalizers.js'
export type { Manager, ManagerStatus } from './manager/manager-contract.js'
export type { Health } from './manager/manager-health.js'
export type { Runnable } from './manager/runnable.js'
export type { KeyState, WorkQueue } from './queue/work-queue-contract.js'
export type { SourceChange } from './sources/event-mapping.js'
export type { ObjectSource } from './sources/object-source.js'
export type { Predicate } from './sources/predicates.js'
export type { SignalSource } from './sources/signal-source.js'
export type { StopReport } from './stop-report.js'
