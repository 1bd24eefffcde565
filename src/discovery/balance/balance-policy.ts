import type { Balancer } from './balancer.js'
import { createLeastConnections } from './least-connections.js'
import { createRoundRobin } from './round-robin.js'

/** How the next endpoint is chosen. */
export type BalancePolicy = 'round-robin' | 'least-connections'

/** The balancer of a policy, without candidates yet. */
export function createBalancer(policy: BalancePolicy): Balancer {
  switch (policy) {
    case 'round-robin':
      return createRoundRobin()
    case 'least-connections':
      return createLeastConnections()
  }
}
