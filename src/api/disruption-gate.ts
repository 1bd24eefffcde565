import type { Client } from '../store/index.js'
import type { DisruptionGrant, DisruptionRequest } from './take-disruption.js'
import { takeDisruption } from './take-disruption.js'

/**
 * Asks whether tasks may be taken away. For those who cannot ask in the transaction in which they take them away: the
 * grant is committed first, and ends by itself if nothing comes of it.
 */
export interface DisruptionGate {
  /**
   * @param by who asks, for people
   * @throws what `takeDisruption` and the store throw; nothing is granted then, unless no answer came (`Unavailable`)
   */
  take(request: DisruptionRequest, by: string): Promise<DisruptionGrant>
}

/** The gate over the DisruptionBudgets of a store: `takeDisruption` in a transaction of its own. */
export function createDisruptionGate(client: Client): DisruptionGate {
  return {
    take: (request, by) =>
      client.transact(tx => takeDisruption(tx, request, { by, nowMs: client.env.clock.now() })),
  }
}
