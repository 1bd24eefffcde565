import { Chain } from '../structures/chain.js'
import type { Cancel, Clock } from './clock.js'

interface Waiting {
  readonly dueMs: number
  readonly missed: () => void
}

/**
 * A time that many things may take, each from its own beginning: who began first is due first, so all of them share one timer,
 * and what ends in time costs no timer. Where nothing waits there is none.
 */
export class SharedTimeout {
  /** How long each may take. */
  readonly ms: number
  readonly #clock: Clock
  readonly #waiting = new Chain<Waiting>()
  #cancelTimer: Cancel | undefined

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.ms = ms
  }

  /**
   * Begins now.
   *
   * @param missed called once when the time is over
   * @returns ends it in time
   */
  begin(missed: () => void): Cancel {
    const link = this.#waiting.add({ dueMs: this.#clock.monotonic() + this.ms, missed })
    if (this.#cancelTimer === undefined) this.#arm(this.ms)
    return () => {
      this.#waiting.remove(link)
      if (this.#waiting.first === undefined) this.#disarm()
    }
  }

  #arm(ms: number): void {
    this.#cancelTimer = this.#clock.after(ms, () => this.#fire())
  }

  #disarm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #fire(): void {
    this.#cancelTimer = undefined
    const nowMs = this.#clock.monotonic()
    let { first } = this.#waiting
    try {
      for (; first !== undefined && first.item.dueMs <= nowMs; first = this.#waiting.first) {
        this.#waiting.remove(first)
        first.item.missed()
      }
    } finally {
      const next = this.#waiting.first
      if (next !== undefined && this.#cancelTimer === undefined)
        this.#arm(Math.max(0, next.item.dueMs - nowMs))
    }
  }
}
