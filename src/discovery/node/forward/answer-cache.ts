import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../core/index.js'
import type { ForwardedAnswer } from '../../dns/forwarded-answer.js'

/** An answer and how old it is. */
export interface AgedAnswer {
  readonly answer: ForwardedAnswer
  readonly ageSeconds: number
}

/** What an entry weighs beside its bytes, about. */
const ENTRY_BYTES = 200
const NUMBER_BYTES = 8

/** Answers of other servers for as long as their TTL lasts, in bounded memory. */
export class AnswerCache {
  readonly #kept: LRUCache<string, { readonly answer: ForwardedAnswer; readonly sinceMs: number }>
  readonly #clock: Clock

  constructor(bytesMax: number, clock: Clock) {
    this.#clock = clock
    this.#kept = new LRUCache({
      maxSize: bytesMax,
      sizeCalculation: ({ answer: { bytes, ttlsAt } }, key) =>
        ENTRY_BYTES + key.length + bytes.length + NUMBER_BYTES * ttlsAt.length,
    })
  }

  find(key: string): AgedAnswer | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    const ageSeconds = Math.floor((this.#clock.monotonic() - kept.sinceMs) / 1000)
    if (ageSeconds < kept.answer.ttlSeconds) return { answer: kept.answer, ageSeconds }
    this.#kept.delete(key)
    return undefined
  }

  keep(key: string, answer: ForwardedAnswer): void {
    if (answer.ttlSeconds > 0) this.#kept.set(key, { answer, sinceMs: this.#clock.monotonic() })
  }
}
