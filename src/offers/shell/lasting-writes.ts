import type { Cancel, Env } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import { backoffMs } from '../../core/internal.js'

/** Pause after the first failure of a write, and the longest one, in ms. */
const RETRY_MS_MIN = 100
const RETRY_MS_MAX = 10_000

interface Pending {
  write: () => Promise<unknown>
  /** Asked for again while it was under way. */
  again: boolean
  running: boolean
  failures: number
  retry: Cancel | undefined
}

/**
 * Writes that must come about sooner or later: each is tried until it is done or can never be. Of several with one key
 * the latest counts; one at a time for each key.
 */
export class LastingWrites {
  readonly #env: Env
  readonly #onFenced: (error: unknown) => void
  readonly #pending = new Map<string, Pending>()
  #closed = false

  constructor(env: Env, onFenced: (error: unknown) => void) {
    this.#env = env
    this.#onFenced = onFenced
  }

  /** How many are not done. */
  get size(): number {
    return this.#pending.size
  }

  /** @param write may run several times */
  ask(key: string, write: () => Promise<unknown>): void {
    if (this.#closed) return
    const known = this.#pending.get(key)
    if (known !== undefined) {
      known.write = write
      known.again = true
      return
    }
    const pending: Pending = { write, again: false, running: false, failures: 0, retry: undefined }
    this.#pending.set(key, pending)
    this.#run(key, pending)
  }

  /** Forgets what is not done. */
  close(): void {
    this.#closed = true
    for (const { retry } of this.#pending.values()) retry?.()
    this.#pending.clear()
  }

  #run(key: string, pending: Pending): void {
    pending.running = true
    pending.again = false
    const { write } = pending
    const attempt = async (): Promise<unknown> => write()
    attempt().then(
      () => this.#done(key, pending),
      (error: unknown) => this.#failed(key, pending, error),
    )
  }

  #done(key: string, pending: Pending): void {
    if (this.#closed) return
    pending.running = false
    pending.failures = 0
    if (pending.again) this.#run(key, pending)
    else this.#pending.delete(key)
  }

  #failed(key: string, pending: Pending, error: unknown): void {
    if (this.#closed) return
    if (isKeelsonError(error, 'Fenced')) return this.#onFenced(error)
    if (!isKeelsonError(error, 'Unavailable', 'Conflict', 'Timeout', 'AlreadyExists', 'NotFound')) {
      this.#env.logger.error({ key, error: String(error) }, 'the state of the pool was not written')
      return this.#done(key, pending)
    }
    pending.running = false
    pending.failures++
    const pauseMs = backoffMs({ baseMs: RETRY_MS_MIN, maxMs: RETRY_MS_MAX }, pending.failures)
    pending.retry = this.#env.clock.after(pauseMs, () => this.#run(key, pending))
  }
}
