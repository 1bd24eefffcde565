import { AttemptEndedError } from './attempt-errors.js'

/** Stands between an attempt and the store: open while the attempt lives, shut from its end on. */
export interface AttemptGate {
  /** Why it was shut; undefined while open. */
  readonly closedBy: AttemptEndedError | undefined
  /**
   * Starts `write` unless the gate is shut. When it is shut before the write settles, the promise rejects with
   * `AttemptEndedError`; whether that write was committed is then not known to the caller.
   */
  guard<T>(write: () => Promise<T>): Promise<T>
  /** Runs `release` when the gate is shut, or now if it is. */
  onClose(release: () => void): void
  /**
   * Shuts the gate. Idempotent; the first reason counts.
   *
   * @returns how many writes were still under way
   */
  close(why: string): number
}

/** Makes an open gate. `attempt` names it in errors. */
export function createAttemptGate(attempt: string): AttemptGate {
  return new Gate(attempt)
}

/** One per attempt, so it makes what it needs when it needs it. */
class Gate implements AttemptGate {
  readonly #attempt: string
  #underWay: Set<(error: AttemptEndedError) => void> | undefined
  #releases: (() => void)[] | undefined
  #ending: string | undefined
  #closedBy: AttemptEndedError | undefined

  constructor(attempt: string) {
    this.#attempt = attempt
  }

  /** An error is expensive to make, and most attempts end without a write that needs one. */
  get closedBy(): AttemptEndedError | undefined {
    if (this.#ending !== undefined) this.#closedBy ??= new AttemptEndedError(this.#attempt, this.#ending)
    return this.#closedBy
  }

  guard<T>(write: () => Promise<T>): Promise<T> {
    const { closedBy } = this
    if (closedBy !== undefined) return Promise.reject(closedBy)
    this.#underWay ??= new Set()
    const underWay = this.#underWay
    const guarded = new Promise<T>((resolve, reject) => {
      const fence = (error: AttemptEndedError): void => {
        reject(error)
        // The caller may not be waiting for it any more: a forgotten write must not end the process.
        guarded.catch(() => {})
      }
      underWay.add(fence)
      // Over before it is answered: an attempt that returns the answer itself ends in the very next job.
      write().then(
        value => {
          underWay.delete(fence)
          resolve(value)
        },
        (error: unknown) => {
          underWay.delete(fence)
          reject(error)
        },
      )
    })
    return guarded
  }

  onClose(release: () => void): void {
    if (this.#ending !== undefined) return release()
    this.#releases ??= []
    this.#releases.push(release)
  }

  close(why: string): number {
    if (this.#ending !== undefined) return 0
    this.#ending = why
    const fenced = [...(this.#underWay ?? [])]
    for (const fence of fenced) fence(this.closedBy as AttemptEndedError)
    this.#underWay?.clear()
    for (const release of this.#releases?.splice(0) ?? []) release()
    return fenced.length
  }
}
