import type { Host } from './system-host.js'

/** Reads monotonic time, and remembers what was read last: a reading costs as much as a look into a table. */
export class MonotonicReader {
  readonly #host: Pick<Host, 'monotonic'>
  #latestMs: number = Number.NEGATIVE_INFINITY

  constructor(host: Pick<Host, 'monotonic'>) {
    this.#host = host
  }

  /** The latest reading that anybody took; before the first, -Infinity. */
  get latestMs(): number {
    return this.#latestMs
  }

  read(): number {
    const now = this.#host.monotonic()
    this.#latestMs = now
    return now
  }
}
