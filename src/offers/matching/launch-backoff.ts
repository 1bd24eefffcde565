import { InvalidError } from '../../core/index.js'

/** How fast launches slow down. */
export interface LaunchBackoffOptions {
  /** After the first failure. Default 1 s. */
  readonly baseMs?: number
  /** By which each further failure multiplies, at least 1. Default 1.15. */
  readonly factor?: number
  /** Default 300 s. */
  readonly maxMs?: number
}

interface Entry {
  /** Whole nanoseconds, as each step is cut to them. */
  delayNs: number
  referenceMs: number
}

const NS_PER_MS = 1e6

/**
 * Delays launches of what keeps failing. Any end but a kill raises the delay; a sign of life only moves the moment from
 * which it counts. With the defaults the longest delay is reached at the 42nd failure.
 */
export class LaunchBackoff {
  readonly #baseNs: number
  readonly #factor: number
  readonly #maxMs: number
  readonly #entries = new Map<string, Entry>()

  /** @throws InvalidError for times that are not positive, or a factor below 1 */
  constructor({ baseMs = 1_000, factor = 1.15, maxMs = 300_000 }: LaunchBackoffOptions = {}) {
    if (!(baseMs > 0 && maxMs > 0 && factor >= 1)) {
      const message = 'needs baseMs and maxMs above 0, and a factor of at least 1'
      throw new InvalidError('launch backoff', [
        { field: 'options', value: { baseMs, factor, maxMs }, message },
      ])
    }
    this.#baseNs = Math.min(baseMs, maxMs) * NS_PER_MS
    this.#factor = factor
    this.#maxMs = maxMs
  }

  /** A task of the key failed, finished, or was not launched. */
  failed(key: string, nowMs: number): void {
    const before = this.#entries.get(key)
    const raised = before === undefined ? this.#baseNs : Math.trunc(before.delayNs * this.#factor)
    this.#entries.set(key, { delayNs: Math.min(raised, this.#maxMs * NS_PER_MS), referenceMs: nowMs })
  }

  /** A task of the key shows signs of life. */
  progressed(key: string, nowMs: number): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined) entry.referenceMs = nowMs
  }

  /** Forgets the failures: a new version, a drained agent, an operator. */
  reset(key: string): void {
    this.#entries.delete(key)
  }

  /** The delay in nanoseconds, undefined for who does not wait. */
  delayNs(key: string): number | undefined {
    return this.#entries.get(key)?.delayNs
  }

  /** When the next launch may be. */
  readyAtMs(key: string, nowMs: number): number {
    const entry = this.#entries.get(key)
    return entry === undefined ? nowMs : entry.referenceMs + entry.delayNs / NS_PER_MS
  }

  /** Forgets what has been quiet for longer than the longest delay. */
  sweep(nowMs: number): void {
    for (const [key, { referenceMs }] of this.#entries)
      if (referenceMs + this.#maxMs < nowMs) this.#entries.delete(key)
  }
}
