import type { Cancel, Clock } from '../../core/index.js'
import { DelayWheel } from './delay-wheel.js'
import type { KeyRecord } from './key-record.js'

/** What delays need from outside. */
export interface DelaysOptions<K> {
  readonly clock: Clock
  /** Called for each record when it is due, earliest first; it does not wait any more by then. */
  readonly due: (record: KeyRecord<K>) => void
}

/** Records that wait for a time. One timer is armed, for the earliest; it is moved only when the earliest changes. */
export class Delays<K> {
  readonly #waiting = new DelayWheel<K>()
  readonly #clock: Clock
  readonly #due: (record: KeyRecord<K>) => void
  #armedMs = Number.POSITIVE_INFINITY
  #disarm: Cancel | undefined

  constructor(options: DelaysOptions<K>) {
    this.#clock = options.clock
    this.#due = options.due
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Monotonic due time of the earliest record; Infinity when none waits. */
  get nextAtMs(): number {
    return this.#waiting.firstMs
  }

  /** Waits until `ms` from now; false when the record waits already, for that time or an earlier one. */
  waitAtMost(record: KeyRecord<K>, ms: number): boolean {
    const now = this.#clock.monotonic()
    const at = now + ms
    if (record.slot === -1) this.#waiting.push(record, at, now)
    else if (at < record.at) this.#waiting.advance(record, at)
    else return false
    this.#arm()
    return true
  }

  remove(record: KeyRecord<K>): boolean {
    const removed = this.#waiting.remove(record)
    if (removed) this.#arm()
    return removed
  }

  /** Takes everything out and hands it back, earliest first. */
  clear(): readonly KeyRecord<K>[] {
    const taken: KeyRecord<K>[] = []
    const never = Number.POSITIVE_INFINITY
    for (let next = this.#waiting.shift(never); next !== undefined; next = this.#waiting.shift(never))
      taken.push(next)
    this.#arm()
    return taken
  }

  #arm(): void {
    const at = this.#waiting.firstMs
    if (at !== this.#armedMs) this.#armFor(at)
  }

  #armFor(at: number): void {
    this.#disarm?.()
    this.#armedMs = at
    this.#disarm =
      at === Number.POSITIVE_INFINITY
        ? undefined
        : this.#clock.after(Math.max(0, at - this.#clock.monotonic()), () => this.#fire())
  }

  #fire(): void {
    this.#armedMs = Number.POSITIVE_INFINITY
    this.#disarm = undefined
    const now = this.#clock.monotonic()
    try {
      for (let next = this.#waiting.shift(now); next !== undefined; next = this.#waiting.shift(now))
        this.#due(next)
    } finally {
      // Whatever became of one, the others must not wait for ever.
      this.#arm()
    }
  }
}
