// Start here.
export type { AgentHandle } from './pool/agent-handle.js'
export type { Offer } from './pool/offer.js'
export type { OfferPool } from './pool/pool.js'
export { createPool } from './pool/pool.js'
export type { AgentDriver, PoolOptions } from './pool/pool-options.js'
export type { Session } from './pool/session.js'
export type { SessionEvent } from './pool/session-event.js'
export { matchOffers } from './matching/match-offers.js'
export { ResourceSet } from './resources/resource-set.js'
export { resources } from './resources/resource-text.js'
export { createStorePool } from './shell/store-pool.js'

// To build with.
export type { Allocator } from './allocator/allocator.js'
export { createAllocator, restoreAllocator } from './allocator/allocator.js'
export type { AllocatorEvent } from './allocator/allocator-event.js'
export type { AllocatorOptions } from './allocator/allocator-options.js'
export { replayTrace } from './allocator/replay-trace.js'
export { AllocatorTrace } from './allocator/trace.js'
export { LevelDelay, SkipDelay } from './matching/delay-scheduling.js'
export { binPackFitness, spreadFitness } from './matching/fitness.js'
export { killOrder } from './matching/kill-order.js'
export { LaunchBackoff } from './matching/launch-backoff.js'
export { unreachableVerdict } from './matching/unreachable-strategy.js'
export { reconnectDelayMs } from './pool/reconnect-delay.js'

// Types you will meet.
export type { AgentView } from './allocator/allocator.js'
export type {
  AgentSpec,
  Demand,
  FrameworkCapability,
  Grant,
  Quota,
  RoleSubscription,
  Unavailability,
} from './allocator/allocator-event.js'
export type { Grain } from './allocator/allocator-options.js'
export type { AllocatorSnapshot } from './allocator/allocator-state.js'
export type { AuditEntry } from './allocator/audit.js'
export type { Explanation } from './allocator/explain-grants.js'
export type { NoGrant, NoGrantReason } from './allocator/no-grant-reason.js'
export type { TraceReplay } from './allocator/replay-trace.js'
export type { AllocatorTraceOptions, TraceEntry } from './allocator/trace.js'
export type { Fitness } from './matching/fitness.js'
export type {
  Assignment,
  MatchOptions,
  MatchPlan,
  NoMatchReason,
  Unmatched,
  Want,
} from './matching/match-offers.js'
export type { UnreachableStrategy } from './matching/unreachable-strategy.js'
export type { AcceptOptions } from './pool/accept-offers.js'
export type { MaintenanceWindow, RunningTaskRef } from './pool/agent-table.js'
export type { SubscribeOptions } from './pool/framework-record.js'
export type { OfferProblem, OfferProblemCode, RescindReason } from './pool/offer.js'
export type { LaunchSpec, Operation, Outcomes } from './pool/operation.js'
export type { PoolAuditEntry, PoolRoles } from './pool/pool.js'
export type { PoolView } from './pool/session.js'
export type { ClaimItem, ClaimOptions, ClaimResult } from './pool/take-claims.js'
export type { TaskState } from './pool/task-state.js'
export type { TaskReport } from './pool/task-table.js'
export type { TaskUpdate } from './pool/update-stream.js'
export type { Quantities } from './resources/quantities.js'
export type { Resource, ResourceReservation, ResourceValue } from './resources/resource.js'
export type { StorePool, StorePoolOptions } from './shell/store-pool.js'
