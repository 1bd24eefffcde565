import { KeelsonError } from '../errors.js'
import type { Clock } from './clock.js'

/** A signal made from others, and the way to let go of them. */
export interface DerivedSignal {
  readonly signal: AbortSignal
  /** Removes listeners and timers. Call it when the guarded work is over. The signal then never aborts. */
  clear(): void
}

/**
 * Waits for a promise, or for the signal, whichever comes first. The promise's own work goes on; its later
 * outcome is dropped.
 *
 * @throws the signal's reason when it aborts first, or has aborted before
 */
export function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    const end = (): void => signal.removeEventListener('abort', onAbort)
    void promise.then(resolve, reject).finally(end)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** A signal that aborts as soon as one of `signals` does, with its reason. Absent ones are passed over. */
export function anySignal(signals: readonly (AbortSignal | undefined)[]): DerivedSignal {
  const controller = new AbortController()
  const sources = signals.filter(signal => signal !== undefined)
  const clear = (): void => {
    for (const source of sources) source.removeEventListener('abort', onAbort)
  }
  const onAbort = (): void => {
    const first = sources.find(source => source.aborted)
    clear()
    controller.abort(first?.reason)
  }
  for (const source of sources) source.addEventListener('abort', onAbort)
  if (sources.some(source => source.aborted)) onAbort()
  return { signal: controller.signal, clear }
}

/**
 * A signal that aborts after `ms` of `clock`, with an error whose code is `Timeout`, or earlier with `signal`.
 *
 * @throws InvalidError unless `ms` is finite and ≥ 0
 */
export function withDeadline(clock: Clock, ms: number, signal?: AbortSignal): DerivedSignal {
  const deadline = new AbortController()
  const cancel = clock.after(ms, () => {
    deadline.abort(new KeelsonError({ code: 'Timeout', message: `not done after ${ms} ms`, details: { ms } }))
  })
  const either = anySignal([signal, deadline.signal])
  either.signal.addEventListener('abort', cancel, { once: true })
  if (either.signal.aborted) cancel()
  return {
    signal: either.signal,
    clear: () => {
      cancel()
      either.clear()
    },
  }
}
