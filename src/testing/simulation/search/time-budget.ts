import { systemEnv } from '../../../core/index.js'

/** Of the time of a check, the part that is kept for making a finding simple. */
const SHRINKING_SHARE = 1 / 8

/** How much real time a check may take. */
export class TimeBudget {
  readonly #startedMs = systemEnv.clock.monotonic()
  readonly #timeMs: number

  /** @param timeMs may be Infinity */
  constructor(timeMs: number) {
    this.#timeMs = timeMs
  }

  get elapsedMs(): number {
    return systemEnv.clock.monotonic() - this.#startedMs
  }

  /** What is left of it in whole milliseconds, at least 1. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.#timeMs - this.elapsedMs))
  }

  /** True when it is too late to look at another execution. */
  get isSearchOver(): boolean {
    return this.elapsedMs >= this.#timeMs * (1 - SHRINKING_SHARE)
  }

  /** True when it is too late to make a finding simpler. */
  get isOver(): boolean {
    return this.elapsedMs >= this.#timeMs
  }
}
