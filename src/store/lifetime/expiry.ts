import { InvalidError, UsageError } from '../../core/index.js'
import type { LifetimeOptions } from './lifetimes.js'
import { LEASE_ID_CHARS_MAX, TTL_MAX_MS } from './lifetimes.js'

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
  if (lease === null) return { kind: 'unbound' }
  assertLeaseId(lease, 'lease of an object', 'lease')
  return { kind: 'lease', id: lease }
}

/** @throws InvalidError unless it is text that is neither empty nor too long */
export function assertLeaseId(id: string, subject: string, field: string): void {
  if (typeof id === 'string' && id !== '' && id.length <= LEASE_ID_CHARS_MAX) return
  throw new InvalidError(subject, [
    { field, value: id, message: `must be the id of a lease, text of 1 to ${LEASE_ID_CHARS_MAX} characters` },
  ])
}

/** @throws InvalidError unless it is a time > 0 that is not too long */
export function assertTtl(ttlMs: number, subject: string): void {
  if (typeof ttlMs === 'number' && ttlMs > 0 && ttlMs <= TTL_MAX_MS) return
  throw new InvalidError(subject, [
    { field: 'ttlMs', value: ttlMs, message: `must be a number of milliseconds > 0, at most ${TTL_MAX_MS}` },
  ])
}
