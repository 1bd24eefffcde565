import type { TrafficAck } from '../../api/index.js'
import type { Clock } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Registry } from '../registry/registry.js'

/** How long is waited for consumers. */
export interface TrafficAckOptions {
  /** The answer is no after this long; a rollout asks again. Default 5000. */
  readonly timeoutMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

const KNOWN = /* @__PURE__ */ knownOptions<TrafficAckOptions>('createTrafficAck', {
  timeoutMs: true,
  clock: true,
})

/**
 * What a rollout asks before it takes away what traffic was sent to: whether all consumers of the registry follow a
 * revision, those of other processes included (`createTrafficConsumers`). One that is silent is not waited for.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createRegistry, createTrafficAck } from 'keelson/discovery'
 *
 * const registry = createRegistry()
 * const proxy = registry.consumer('proxy')
 * const ack = createTrafficAck(registry, { timeoutMs: 10 })
 * registry.apply(1, [])
 * assert.equal(await ack.reached(1), false)
 * proxy.ack(1)
 * assert.equal(await ack.reached(1), true)
 * ```
 *
 * @throws InvalidError for a time out of bounds
 */
export function createTrafficAck(registry: Registry, options: TrafficAckOptions = {}): TrafficAck {
  assertKnown(options, KNOWN)
  const { timeoutMs = 5000, clock = systemEnv.clock } = options
  assertValid('traffic ack', wholeNumber('timeoutMs', timeoutMs, { min: 1 }))
  return {
    reached: async revision => {
      const { kind } = await registry.waitForConsumers(revision, { clock, timeoutMs })
      return kind === 'acknowledged'
    },
  }
}
