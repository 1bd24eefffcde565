import { InvalidError, UsageError } from '../core/index.js'
import { type LifetimeOptions, TTL_MAX_MS } from './leases.js'

/** What a write says about how long its object is kept. */
export type Lifetime =
  | { readonly kind: 'lease'; readonly id: string }
  | { readonly kind: 'ttl'; readonly ttlMs: number }
  | { readonly kind: 'unbound' }

/**
 * The lifetime that a write asks for; undefined when it changes none.
 *
 * @throws InvalidError for a time that there is not, UsageError for two lifetimes at once
 */
export function lifetimeOf({ lease, ttlMs }: LifetimeOptions): Lifetime | undefined {
  if (ttlMs !== undefined) {
    if (lease !== undefined) throw new UsageError('an object is kept by a lease or for ttlMs, not both')
    assertTtl(ttlMs, 'ttl of an object')
    return { kind: 'ttl', ttlMs }
  }
  if (lease === undefined) return undefined
  return lease === null ? { kind: 'unbound' } : { kind: 'lease', id: lease }
}

/** @throws InvalidError unless it is a time > 0 that is not too long */
export function assertTtl(ttlMs: number, subject: string): void {
  if (typeof ttlMs === 'number' && ttlMs > 0 && ttlMs <= TTL_MAX_MS) return
  throw new InvalidError(subject, [
    { field: 'ttlMs', value: ttlMs, message: `must be a number of milliseconds > 0, at most ${TTL_MAX_MS}` },
  ])
}
