import { InvalidError } from '../core/index.js'

/** How long a stop may take. */
export interface StopOptions {
  /** Longest wait for what is in flight, in milliseconds, finite and ≥ 0. Default 30,000. */
  readonly gracePeriodMs?: number
}

/**
 * `stopped`: ended by itself. `abandoned`: still busy at the end of the grace period; a controller's attempts
 * can no longer write.
 */
export type StopOutcome = 'stopped' | 'abandoned'

/** How one part of a manager stopped. `failed`: its `stop` threw. */
export interface StopEntry {
  readonly name: string
  readonly outcome: StopOutcome | 'failed'
  readonly error?: Error
}

/** How everything stopped, in the order of stopping: the last one started comes first. */
export type StopReport = readonly StopEntry[]

/** @throws InvalidError unless `gracePeriodMs` is finite and ≥ 0 */
export function assertGracePeriod(gracePeriodMs: number): void {
  if (Number.isFinite(gracePeriodMs) && gracePeriodMs >= 0) return
  const message = 'must be a finite number of milliseconds ≥ 0'
  throw new InvalidError('stop', [{ field: 'gracePeriodMs', value: gracePeriodMs, message }])
}
