/** How pauses grow with failures in a row. */
export interface Backoff {
  /** The pause after the first failure, in ms, ≥ 0. */
  readonly baseMs: number
  /** No pause is longer, in ms. */
  readonly maxMs: number
  /** Each pause is this many times the one before. Default 2. */
  readonly factor?: number
}

/**
 * The pause after so many failures in a row, in ms: `min(maxMs, baseMs · factor^(failures − 1))`, 0 for none.
 * Exact, without jitter; a caller spreads it with its own `Random`.
 */
export function backoffMs({ baseMs, maxMs, factor = 2 }: Backoff, failures: number): number {
  if (failures < 1 || baseMs === 0) return 0
  return Math.min(maxMs, baseMs * factor ** (failures - 1))
}
