/** What the queue has counted for a key since its last success. */
export interface KeyHistory {
  /** Failures in a row. */
  readonly failures: number
  /** Lost write races in a row; a failure ends the row. */
  readonly conflicts: number
  /** Delay after the latest failure, in milliseconds; absent when there was none. */
  readonly delayMs?: number
}

/** The history of a key that has none; the same object for every key. */
export const untroubled: KeyHistory = Object.freeze({ failures: 0, conflicts: 0 })
