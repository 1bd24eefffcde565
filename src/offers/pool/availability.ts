import type { Unavailability } from '../allocator/allocator-event.js'

/** Longest time for which a restarted pool waits for its agents. */
export const RECOVERY_MS_MAX = 600_000

/** What a restarted pool has back of what it knew before. */
export interface Recovery {
  /** Agents that it knew. */
  readonly known: number
  readonly returned: number
  readonly hasQuota: boolean
  /** Since the restart. */
  readonly elapsedMs: number
}

/**
 * Whether a pool that was restarted may make offers: at once without quotas; with quotas, when most of the agents that
 * it knew are back, since before that guarantees look unmet that are not, or when the time is over.
 *
 * @param options `factor`: the part of the agents, rounded down, default 0.8; `timeoutMs`: default 10 min
 */
export function mayOffer(
  { known, returned, hasQuota, elapsedMs }: Recovery,
  {
    factor = 0.8,
    timeoutMs = RECOVERY_MS_MAX,
  }: { readonly factor?: number; readonly timeoutMs?: number } = {},
): boolean {
  return !hasQuota || returned >= Math.floor(known * factor) || elapsedMs >= timeoutMs
}

/**
 * Whether it is worth while to launch on an agent that will be unavailable: not from so long before it begins until
 * it is over.
 *
 * @param drainingMs how long before the beginning nothing is launched any more; default 0
 */
export function isAvailable(nowMs: number, window: Unavailability | undefined, drainingMs = 0): boolean {
  if (window === undefined) return true
  const { startMs, durationMs = Number.POSITIVE_INFINITY } = window
  return nowMs <= startMs - drainingMs || nowMs > startMs + durationMs
}
