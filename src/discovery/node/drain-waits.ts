import type { Clock } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'

/** How long to wait for an endpoint to drain. */
export interface DrainWaitOptions {
  /** ≥ 0. Default 60 000. */
  readonly timeoutMs?: number
  /** Ends the wait with its reason as the error. */
  readonly signal?: AbortSignal
}

/** How the wait ended. */
export type DrainWaitReport =
  | { readonly kind: 'drained' }
  /** `active` connections and flows are left; `isEligible` tells whether the endpoint gets new ones. */
  | { readonly kind: 'timed-out'; readonly active: number; readonly isEligible: boolean }

/** What is waited for. */
export interface DrainStanding {
  active(endpoint: string): number
  isEligible(endpoint: string): boolean
}

interface Wait {
  readonly endpoint: string
  done(): void
}

const DRAIN_WAIT_OPTIONS = /* @__PURE__ */ knownOptions<DrainWaitOptions>('drained', {
  timeoutMs: true,
  signal: true,
})

/** Waits for endpoints of one service to get no new traffic and to have none left. Each ends. */
export class DrainWaits {
  readonly #clock: Clock
  readonly #standing: DrainStanding
  readonly #waits = new Set<Wait>()
  #isClosed = false

  constructor(clock: Clock, standing: DrainStanding) {
    this.#clock = clock
    this.#standing = standing
  }

  wait(endpoint: string, options: DrainWaitOptions): Promise<DrainWaitReport> {
    return new Promise((resolve, reject) => {
      assertKnown(options, DRAIN_WAIT_OPTIONS)
      const { timeoutMs = 60_000, signal } = options
      assertValid('wait for an endpoint to drain', wholeNumber('timeoutMs', timeoutMs))
      signal?.throwIfAborted()
      if (this.#isDrained(endpoint)) return resolve({ kind: 'drained' })
      const end = (): void => {
        this.#waits.delete(wait)
        cancel()
        signal?.removeEventListener('abort', aborted)
      }
      const aborted = (): void => {
        end()
        reject(signal?.reason)
      }
      const wait: Wait = {
        endpoint,
        done: () => {
          end()
          resolve({ kind: 'drained' })
        },
      }
      const cancel = this.#clock.after(timeoutMs, () => {
        end()
        const { active, isEligible } = this.#standing
        resolve({ kind: 'timed-out', active: active(endpoint), isEligible: isEligible(endpoint) })
      })
      signal?.addEventListener('abort', aborted)
      this.#waits.add(wait)
    })
  }

  /** Something may have drained. */
  tell(): void {
    for (const wait of [...this.#waits]) if (this.#isDrained(wait.endpoint)) wait.done()
  }

  /** Nothing is active any more, nor will be. */
  close(): void {
    this.#isClosed = true
    this.tell()
  }

  #isDrained(endpoint: string): boolean {
    const { active, isEligible } = this.#standing
    return this.#isClosed || (active(endpoint) === 0 && !isEligible(endpoint))
  }
}
