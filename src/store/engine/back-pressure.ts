import type { Cancel, Env } from '../../core/index.js'

/** How long a write waits for watchers that are behind before they are given up. */
const BLOCK_WAIT_MAX_MS = 1_000

/** A watcher that holds writes back. */
export interface Blocker {
  /** Its own writes are not held back; undefined holds back everybody. */
  readonly owner: Env | undefined
  /** It has held a write back for too long. */
  giveUp(): void
}

interface WaitingWrite {
  readonly owner: Env | undefined
  readonly go: () => void
  readonly cancelTimer: Cancel
}

/**
 * Writes that wait for slow watchers. A write of a client never waits for a watcher of that client's `Env`, so a
 * handler that writes through the client of its watch cannot wait for itself; for the others it waits
 * `BLOCK_WAIT_MAX_MS` at most.
 */
export class BackPressure {
  readonly #blockers = new Set<Blocker>()
  #waiting: WaitingWrite[] = []

  add(blocker: Blocker): void {
    this.#blockers.add(blocker)
  }

  /** Writes that nobody else holds back go on, in their order. */
  remove(blocker: Blocker): void {
    if (!this.#blockers.delete(blocker) || this.#waiting.length === 0) return
    const freed: WaitingWrite[] = []
    const held: WaitingWrite[] = []
    for (const write of this.#waiting) (this.holds(write.owner) ? held : freed).push(write)
    this.#waiting = held
    for (const { go, cancelTimer } of freed) {
      cancelTimer()
      go()
    }
  }

  /** Whether a write of `owner` has to wait; undefined is the store itself. */
  holds(owner: Env | undefined): boolean {
    for (const blocker of this.#blockers) if (stands(blocker, owner)) return true
    return false
  }

  /** Calls `go` now, or when no watcher holds back the writes of `owner`. The clock is that of `env`. */
  whenFree(env: Env, owner: Env | undefined, go: () => void): void {
    if (!this.holds(owner)) {
      go()
      return
    }
    const cancelTimer = env.clock.after(BLOCK_WAIT_MAX_MS, () => {
      for (const blocker of [...this.#blockers]) if (stands(blocker, owner)) blocker.giveUp()
    })
    this.#waiting.push({ owner, go, cancelTimer })
  }
}

function stands(blocker: Blocker, owner: Env | undefined): boolean {
  return blocker.owner === undefined || blocker.owner !== owner
}
