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

/** A write that may have to wait, perhaps more than once: it keeps its place and its deadline. */
export class WriteTurn {
  readonly env: Env
  readonly owner: Env | undefined
  readonly go: () => void
  /** Its place among all. */
  readonly order: number
  /** When it has waited long enough, as the monotonic clock of `env` tells; undefined until it waits. */
  untilMs: number | undefined = undefined
  cancelTimer: Cancel = () => {}

  /**
   * @param owner whose watchers do not hold it back; undefined: the store's own
   * @param go begins it
   */
  constructor(order: number, env: Env, owner: Env | undefined, go: () => void) {
    this.order = order
    this.env = env
    this.owner = owner
    this.go = go
  }
}

/**
 * Writes that wait for slow watchers. A write of a client never waits for a watcher of that client's `Env`, so a
 * handler that writes through the client of its watch cannot wait for itself; for the others it waits
 * `BLOCK_WAIT_MAX_MS` at most.
 */
export class BackPressure {
  readonly #blockers = new Set<Blocker>()
  #waiting: WriteTurn[] = []
  #turns = 0

  add(blocker: Blocker): void {
    this.#blockers.add(blocker)
  }

  /** Writes that nobody else holds back go on, in their order. */
  remove(blocker: Blocker): void {
    if (!this.#blockers.delete(blocker) || this.#waiting.length === 0) return
    const freed: WriteTurn[] = []
    const held: WriteTurn[] = []
    for (const turn of this.#waiting) (this.holds(turn.owner) ? held : freed).push(turn)
    this.#waiting = held
    for (const turn of freed) {
      turn.cancelTimer()
      turn.go()
    }
  }

  /** Whether a write of `owner` has to wait; undefined is the store itself. */
  holds(owner: Env | undefined): boolean {
    for (const blocker of this.#blockers) if (stands(blocker, owner)) return true
    return false
  }

  /** The turn of a write that is asked for now. The clock is that of `env`. */
  turn(env: Env, owner: Env | undefined, go: () => void): WriteTurn {
    return new WriteTurn(++this.#turns, env, owner, go)
  }

  /** Has it go now, or when no watcher holds it back. */
  whenFree(turn: WriteTurn): void {
    const { env, owner, order } = turn
    if (!this.holds(owner)) {
      turn.go()
      return
    }
    const now = env.clock.monotonic()
    turn.untilMs ??= now + BLOCK_WAIT_MAX_MS
    turn.cancelTimer = env.clock.after(Math.max(0, turn.untilMs - now), () => {
      for (const blocker of [...this.#blockers]) if (stands(blocker, owner)) blocker.giveUp()
    })
    let place = this.#waiting.length
    while ((this.#waiting[place - 1]?.order ?? 0) > order) place--
    this.#waiting.splice(place, 0, turn)
  }
}

function stands(blocker: Blocker, owner: Env | undefined): boolean {
  return blocker.owner === undefined || blocker.owner !== owner
}
