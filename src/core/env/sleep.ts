import { InvalidError } from '../errors.js'
import type { Clock } from './clock.js'
import type { Lifetime } from './lifetime.js'

/** @throws InvalidError unless `ms` is a finite number ≥ 0 */
export function assertDelay(ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return
  throw new InvalidError('delay', [
    { field: 'ms', value: ms, message: 'must be a finite number of milliseconds ≥ 0' },
  ])
}

/** What one sleep needs. */
export interface SleepOptions {
  readonly clock: Pick<Clock, 'after'>
  readonly lifetime: Lifetime
  readonly ms: number
  readonly signal?: AbortSignal | undefined
}

/**
 * `Clock.sleep` for any clock that has `after`. When the lifetime ends first, the promise stays pending for
 * ever, as if the process had stopped; the timer and the abort listener are gone, so nothing is kept alive.
 */
export function sleep(options: SleepOptions): Promise<void> {
  const { clock, lifetime, ms, signal } = options
  return new Promise((resolve, reject) => {
    assertDelay(ms)
    if (lifetime.closed) return
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const end = (): void => {
      forget()
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      end()
      reject(signal?.reason)
    }
    const forget = lifetime.hold(end)
    const cancel = clock.after(ms, () => {
      end()
      resolve()
    })
    signal?.addEventListener('abort', onAbort)
  })
}
