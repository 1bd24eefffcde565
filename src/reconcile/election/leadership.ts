import type { Env } from '../../core/index.js'
import type { Client, Fence } from '../../store/index.js'
import { createAttemptClient } from '../attempt/attempt-client.js'
import type { AttemptGate } from '../attempt/attempt-gate.js'
import { createAttemptGate } from '../attempt/attempt-gate.js'

/** The licence of a leader, for one reign. */
export interface Leadership {
  /**
   * Grows with each reign of the election, whoever's it is, also when one of its two objects is deleted; begins at 1
   * again when both are.
   */
  readonly term: number
  /** Changes no more than the term does: a store refuses what carries the fence of an older term. */
  readonly fence: Fence
  /**
   * Writes only during this reign: each write is refused here as soon as the lease may have lapsed by the own clock,
   * and by the store inside the commit once a later term has begun.
   */
  readonly client: Client
  /** Aborted when the reign ends, before anyone else may lead. */
  readonly signal: AbortSignal
}

/** A reign from inside. */
export interface Reign {
  readonly leadership: Leadership
  /** When the last renewal that came through was begun; the lease is ours for its duration after that. */
  renewedAtMs: number
  isOver(): boolean
  /** Ends it: no write of its client is begun or committed any more. Idempotent. */
  end(why: string): void
}

/** What a reign needs. */
export interface ReignOptions {
  readonly name: string
  readonly client: Client
  readonly fence: Fence
  readonly term: number
  readonly acquiredAtMs: number
  /** How long after `renewedAtMs` no other candidate can have taken the lease. */
  readonly safeMs: number
}

export function openReign(options: ReignOptions): Reign {
  const { client, fence, term, safeMs } = options
  const env: Env = client.env.fork(`${options.name} term ${term}`)
  const abort = new AbortController()
  const name = `the leadership of ${options.name} in term ${term}`
  const inner = createAttemptGate(name)
  // A stalled event loop fires its timers late, so each write asks the clock.
  const checkClock = (): void => {
    if (env.clock.monotonic() >= reign.renewedAtMs + safeMs) reign.end('its lease was not renewed in time')
  }
  const fenced = createAttemptClient(client.client(env, { fence }), new ReignGate(inner, checkClock))
  const reign: Reign = {
    leadership: { term, fence, client: fenced, signal: abort.signal },
    renewedAtMs: options.acquiredAtMs,
    isOver: () => {
      if (inner.closedBy === undefined) checkClock()
      return inner.closedBy !== undefined
    },
    end: why => {
      if (inner.closedBy !== undefined) return
      inner.close(why)
      env.close()
      abort.abort(inner.closedBy)
    },
  }
  return reign
}

/** The gate of an attempt, but for a look at the clock before each write. */
class ReignGate implements AttemptGate {
  readonly #inner: AttemptGate
  readonly #checkClock: () => void

  constructor(inner: AttemptGate, checkClock: () => void) {
    this.#inner = inner
    this.#checkClock = checkClock
  }

  get closedBy(): AttemptGate['closedBy'] {
    return this.#inner.closedBy
  }

  guard<T>(write: () => Promise<T>): Promise<T> {
    this.#checkClock()
    return this.#inner.guard(write)
  }

  onClose(release: () => void): void {
    this.#inner.onClose(release)
  }

  close(why: string): number {
    return this.#inner.close(why)
  }
}
