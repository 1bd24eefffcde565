import { AttemptEndedError } from './attempt-errors.js'

/** Stands between an attempt and the store: open while the attempt lives, shut for ever after. */
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
  const underWay = new Set<(error: AttemptEndedError) => void>()
  const releases: (() => void)[] = []
  let ending: string | undefined
  let made: AttemptEndedError | undefined
  // An error is dear to make, and most attempts end with nobody to tell.
  const closedBy = (): AttemptEndedError | undefined => {
    if (ending !== undefined) made ??= new AttemptEndedError(attempt, ending)
    return made
  }

  const guard = <T>(write: () => Promise<T>): Promise<T> => {
    if (ending !== undefined) return Promise.reject(closedBy())
    const guarded = new Promise<T>((resolve, reject) => {
      const fence = (error: AttemptEndedError): void => {
        reject(error)
        // Nobody may be waiting for it any more: a forgotten write must not end the process.
        guarded.catch(() => {})
      }
      underWay.add(fence)
      write()
        .then(resolve, reject)
        .finally(() => underWay.delete(fence))
    })
    return guarded
  }

  return {
    get closedBy() {
      return closedBy()
    },
    guard,
    onClose: release => {
      if (ending === undefined) releases.push(release)
      else release()
    },
    close: why => {
      if (ending !== undefined) return 0
      ending = why
      const fenced = underWay.size
      for (const fence of underWay) fence(closedBy() as AttemptEndedError)
      underWay.clear()
      for (const release of releases.splice(0)) release()
      return fenced
    },
  }
}
