/** Undoes a pending step or timer. Calling it twice, or after the step ran, does nothing. */
export type Cancel = () => void

/**
 * Time, as a port. Nothing in keelson reads the wall clock or arms a timer except through one of these.
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch. May jump in either direction. */
  now(): number
  /** Milliseconds since an arbitrary start. Never goes back; use it for durations. */
  monotonic(): number
  /**
   * Calls `fn` once, no earlier than `ms` milliseconds from now. Timers due at the same instant fire in the
   * order in which they were armed.
   *
   * @param ms any finite number ≥ 0. Delays beyond the host's timer range are re-armed, never shortened.
   * @throws InvalidError when `ms` is negative, NaN or infinite
   */
  after(ms: number, fn: () => void): Cancel
  /**
   * Resolves after `ms` milliseconds.
   *
   * @throws the signal's reason when `signal` is aborted first; the timer is then gone
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
