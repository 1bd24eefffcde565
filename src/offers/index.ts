// Start here: resources.
export { resources } from './resources/resource-text.js'
export { ResourceSet } from './resources/resource-set.js'

// Start here: a pool that frameworks share.
export type { OfferPool, PoolAuditEntry, PoolRoles } from './pool/pool.js'
export { createPool } from './pool/pool.js'
export type { AgentDriver, AuthorizationRequest, PoolOptions } from './pool/pool-options.js'
export type { AgentHandle } from './pool/agent-handle.js'
export type { AcceptOptions } from './pool/accept-offers.js'
export type { ClaimItem, ClaimOptions, ClaimResult } from './pool/take-claims.js'
export type { SubscribeOptions } from './pool/framework-record.js'
export type { Offer, OfferProblem, OfferProblemCode, OwnedOffer, RescindReason } from './pool/offer.js'
export type {
  CreateOperation,
  DestroyOperation,
  FailedLaunch,
  GrowOperation,
  LaunchGroupOperation,
  LaunchOperation,
  LaunchSpec,
  Operation,
  Outcome,
  Outcomes,
  ReserveOperation,
  ShrinkOperation,
  UnreserveOperation,
} from './pool/operation.js'
export type { PoolView, Session } from './pool/session.js'
export type { SessionEvent } from './pool/session-event.js'
export type { TaskState } from './pool/task-state.js'
export { isFinalState } from './pool/task-state.js'
export type { TaskReport } from './pool/task-table.js'
export type { TaskUpdate } from './pool/update-stream.js'

// Start here: a pool over the nodes and tasks of a store.
export type { StorePool, StorePoolOptions } from './shell/store-pool.js'
export { createStorePool } from './shell/store-pool.js'

// Who gets what, as a pure decision.
export type { AgentView, Allocator } from './allocator/allocator.js'
export { createAllocator, restoreAllocator } from './allocator/allocator.js'
export type { AllocatorOptions, Grain } from './allocator/allocator-options.js'
export type { AllocatorSnapshot } from './allocator/allocator-snapshot.js'
export type {
  AgentSpec,
  AllocationRef,
  AllocatorEvent,
  Demand,
  FrameworkCapability,
  Grant,
  Quota,
  RefusalFilter,
  RoleSubscription,
  Unavailability,
} from './allocator/allocator-event.js'
export type { AuditEntry } from './allocator/audit.js'
export type { ClaimRefusal, ClaimRequest } from './allocator/claim-gate.js'
export type { AgentVerdict, ExplainQuery, Explanation } from './allocator/explain-grants.js'
export type { NoGrant, NoGrantReason } from './allocator/no-grant-reason.js'

// To build with: reservations and volumes.
export type { Conversion, ConversionProblemCode, Converter } from './resources/conversion.js'
export {
  applyConversion,
  createConversion,
  destroyConversion,
  growConversion,
  reserveConversion,
  shrinkConversion,
  unreserveConversion,
} from './resources/conversion.js'
export type { Quantities } from './resources/quantities.js'
export {
  containsQuantities,
  limitsContain,
  limitsContainLimits,
  minusFromLimits,
  minusQuantities,
  plusQuantities,
  shrinkToLimits,
  shrinkToQuantities,
} from './resources/quantities.js'
export type { ResourceProblem, ResourceProblemCode } from './resources/resource-check.js'
export { resourceProblem } from './resources/resource-check.js'
export type {
  DiskInfo,
  PersistentVolume,
  Resource,
  ResourceReservation,
  ResourceValue,
  Span,
} from './resources/resource.js'
export type { RoleNameProblem } from './resources/role-name.js'
export { roleNameProblem } from './resources/role-name.js'

// The framework's half: which task goes on which offer.
export type {
  Assignment,
  MatchOptions,
  MatchPlan,
  NoMatchReason,
  Unmatched,
  Want,
} from './matching/match-offers.js'
export { matchOffers } from './matching/match-offers.js'
export type { Fitness, FitnessInput } from './matching/fitness.js'
export { binPackFitness, spreadFitness } from './matching/fitness.js'
export type { LaunchBackoffOptions } from './matching/launch-backoff.js'
export { LaunchBackoff } from './matching/launch-backoff.js'
export type { LocalityWait } from './matching/delay-scheduling.js'
export { LevelDelay, SkipDelay } from './matching/delay-scheduling.js'
export type { KillCandidate, KillOrderOptions } from './matching/kill-order.js'
export { killOrder } from './matching/kill-order.js'
export { choosePorts } from './matching/port-choice.js'
export type { UnreachableStrategy } from './matching/unreachable-strategy.js'
export { unreachableVerdict } from './matching/unreachable-strategy.js'
