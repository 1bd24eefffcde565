import { InvalidError, UsageError } from '../../core/index.js'
import type { ExpiryOptions } from './lifetimes.js'
import { LIFETIME_ID_CHARS_MAX, TTL_MAX_MS } from './lifetimes.js'

/** What a write says about how long its object is kept. */
export type Expiry =
  | { readonly kind: 'lifetime'; readonly id: string }
  | { readonly kind: 'ttl'; readonly ttlMs: number }
  | { readonly kind: 'unbound' }

/**
 * The expiry that a write asks for; undefined when it changes none.
 *
 * @throws InvalidError for an invalid ttl or id, UsageError for a lifetime and a ttl at once
 */
export function expiryOf({ lifetime, ttlMs }: ExpiryOptions): Expiry | undefined {
  if (ttlMs !== undefined) {
    if (lifetime !== undefined) throw new UsageError('an object is kept by a lifetime or for ttlMs, not both')
    assertTtl(ttlMs, 'ttl of an object')
    return { kind: 'ttl', ttlMs }
  }
  if (lifetime === undefined) return undefined
  if (lifetime === null) return { kind: 'unbound' }
  assertLifetimeId(lifetime, 'lifetime of an object', 'lifetime')
  return { kind: 'lifetime', id: lifetime }
}

/** @throws InvalidError unless it is text of 1 to 253 characters */
export function assertLifetimeId(id: string, subject: string, field: string): void {
  if (typeof id === 'string' && id !== '' && id.length <= LIFETIME_ID_CHARS_MAX) return
  throw new InvalidError(subject, [
    {
      field,
      value: id,
      message: `must be the id of a lifetime, text of 1 to ${LIFETIME_ID_CHARS_MAX} characters`,
    },
  ])
}

/** @throws InvalidError for an invalid ttl */
export function assertTtl(ttlMs: number, subject: string): void {
  if (typeof ttlMs === 'number' && ttlMs > 0 && ttlMs <= TTL_MAX_MS) return
  throw new InvalidError(subject, [
    { field: 'ttlMs', value: ttlMs, message: `must be a number of milliseconds > 0, at most ${TTL_MAX_MS}` },
  ])
}
