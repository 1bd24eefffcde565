import type { Clock } from '../../core/index.js'
import { backoffMs } from '../../core/internal.js'

/** A pause doubles up to here, unless it began longer. */
const PAUSE_MAX_MS = 300_000

/** Why nothing begins, and for how much longer. */
export interface AttemptPause {
  readonly error: Error
  /** 0 while one attempt is let through alone. */
  readonly leftMs: number
}

/**
 * Keeps a controller from beginning attempts while something that all of them need is down: a circuit breaker. After
 * each pause one attempt is let through alone, until one has ended in another way.
 */
export class AttemptPauses {
  readonly #clock: Clock
  readonly #resume: () => void
  #state: 'none' | 'paused' | 'trying' = 'none'
  /** In a row. */
  #count = 0
  #endsAtMs = 0
  #error: Error | undefined

  /** @param resume called at the end of each pause */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock
    this.#resume = resume
  }

  get current(): AttemptPause | undefined {
    return this.#error === undefined ? undefined : { error: this.#error, leftMs: this.#leftMs() }
  }

  /**
   * An attempt has failed as the others would. Returns for how long nothing begins; one that began before the pause does
   * not lengthen it.
   */
  begin(error: Error, pauseMs: number): number {
    this.#error = error
    if (this.#state === 'paused') return this.#leftMs()
    this.#state = 'paused'
    this.#count++
    const ms = backoffMs({ baseMs: pauseMs, maxMs: Math.max(pauseMs, PAUSE_MAX_MS) }, this.#count)
    this.#endsAtMs = this.#clock.monotonic() + ms
    this.#clock.after(ms, () => {
      this.#state = 'trying'
      this.#resume()
    })
    return ms
  }

  /** An attempt has ended in another way. While the pause lasts, that is one from before it, and says nothing. */
  passed(): void {
    if (this.#state !== 'trying') return
    this.#state = 'none'
    this.#count = 0
    this.#error = undefined
  }

  /** How many of so many workers may be busy. */
  workers(concurrency: number): number {
    if (this.#state === 'none') return concurrency
    return this.#state === 'paused' ? 0 : 1
  }

  #leftMs(): number {
    return this.#state === 'paused' ? Math.max(0, this.#endsAtMs - this.#clock.monotonic()) : 0
  }
}
