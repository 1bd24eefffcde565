import type { Clock } from '../../core/index.js'

/** Endpoints whose ports refused a datagram lately; they get no new flows while there are others. */
export class RefusedPorts {
  readonly #clock: Clock
  readonly #forMs: number
  readonly #untilMs = new Map<string, number>()

  constructor(clock: Clock, forMs: number) {
    this.#clock = clock
    this.#forMs = forMs
  }

  add(endpoint: string): void {
    this.#untilMs.set(endpoint, this.#clock.monotonic() + this.#forMs)
  }

  /** It serves elsewhere, or is gone. */
  delete(endpoint: string): void {
    this.#untilMs.delete(endpoint)
  }

  /** Those and the others that are not to be picked; the same set when there is none. */
  with(others: ReadonlySet<string>): ReadonlySet<string> {
    if (this.#untilMs.size === 0) return others
    const nowMs = this.#clock.monotonic()
    for (const [endpoint, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(endpoint)
    return this.#untilMs.size === 0 ? others : new Set([...others, ...this.#untilMs.keys()])
  }
}
