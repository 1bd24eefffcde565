// Start here.
export { createBalancer } from './balance-policy.js'
export { explainRoute, routeFor } from './route.js'
export { createClientAffinity } from './client-affinity.js'
export { orderSrv } from './srv-order.js'

// To build with: each policy alone.
export { createLeastConnections } from './least-connections.js'
export { createMaglev, maglevPermutation, maglevTable } from './maglev.js'
export { createPeakEwma } from './peak-ewma.js'
export { createPowerOfTwo, createRandomChoice } from './random-choice.js'
export { createRendezvous, rendezvousOrder } from './rendezvous.js'
export { createRingHash } from './ring-hash.js'
export { createRoundRobin } from './round-robin.js'
export { slowStartShare } from './slow-start-share.js'
export { trafficCandidates } from './traffic-weights.js'

// Types you will meet.
export type { BalancePolicy } from './balance-policy.js'
export type { Balancer, Candidate, PickRequest } from './balancer.js'
export type { ClientAffinity, ClientAffinityOptions } from './client-affinity.js'
export type { MaglevPermutation } from './maglev.js'
export type { PeakEwma } from './peak-ewma.js'
export type { EndpointVerdict, Route, RoutePolicy, RouteRejection, RouteRequest } from './route.js'
export type { SrvChoice } from './srv-order.js'
