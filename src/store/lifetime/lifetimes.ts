import type { Kind } from '../kind/kind.js'
import type { ObjectRef } from '../object/object.js'
import type { WriteCause } from '../object/write-cause.js'

/** The longest time that a lifetime or an object can be given: 9,000,000,000 seconds. */
export const TTL_MAX_MS = 9e12

/** The longest id of a lifetime. */
export const LIFETIME_ID_CHARS_MAX = 253

/** How a lifetime is made. */
export interface LifetimeOptions {
  /** How long it lasts without being renewed; > 0, at most 9e12. */
  readonly ttlMs: number
  /** 1 to 253 characters. Default: an id of the store's `Env`. */
  readonly id?: string
}

/** An id with a time to live that objects hang on; while somebody renews it they stay. etcd calls it a lease. */
export interface Lifetime {
  readonly id: string
  readonly ttlMs: number
  /** What is left, as of the read. */
  readonly remainingMs: number
  /** How many objects are attached. */
  readonly objects: number
}

/** How long an object is kept. */
export interface ObjectLifetime {
  /** The lifetime that it is attached to; absent for a ttl of its own. */
  readonly id?: string
  readonly ttlMs: number
  /** What is left, as of the read. */
  readonly remainingMs: number
}

/**
 * Lifetimes of objects. When one ends, by time or by `revoke`, the objects attached to it are deleted in one revision, in
 * key order, as if by a plain delete that no admission hook is asked about. One that cannot be deleted (an index function
 * throws, say) is logged and tried again each minute, and holds up no other. Time is the monotonic clock of the
 * store's `Env`; a lifetime never ends early. Lifetimes are beside the objects: granting and renewing take no revision.
 *
 * Errors: `LifetimeNotFoundError`, `AlreadyExistsError` (the id is taken), `InvalidError` (the time or the id), and those of every
 * write.
 */
export interface Lifetimes {
  /** The one with this id, with the time that remains; undefined when it is over or never was. */
  get(id: string): Lifetime | undefined
  /** All that are not over, by id. */
  list(): readonly Lifetime[]
  /** What ends the object, by a lifetime or by its own ttl; undefined when nothing does, or it does not exist. */
  of(kind: Kind, ref: ObjectRef): ObjectLifetime | undefined
  /** A new one, which ends after `ttlMs` unless it is renewed; what is attached to it ends with it. */
  grant(options: LifetimeOptions): Promise<Lifetime>
  /** Gives it its full time again. A lifetime whose time is over is gone, even if nobody has noticed yet. */
  renew(id: string): Promise<Lifetime>
  /** Ends it now, and with it every object that is attached to it. */
  revoke(id: string, cause?: WriteCause): Promise<void>
}

/** How long a written object is kept. Left out, a write changes nothing about it. */
export interface ExpiryOptions {
  /** Attaches the object to this lifetime, and to no other; null detaches it from the one it has, or from its ttl. */
  readonly lifetime?: string | null
  /** Deletes the object this long after the write, > 0, at most 9e12. Excludes `lifetime`. */
  readonly ttlMs?: number
}
