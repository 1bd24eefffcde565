import { oneOf } from '../allocator/one-of.js'

/** How long a decline holds when nothing is said. */
export const REFUSE_MS_DEFAULT = 5_000

/** How long a refusal holds: ms, `changed` or `adaptive`. */
export type RefuseFor = number | 'changed' | 'adaptive' | undefined

/** Longest time of a refusal, 365 days; beyond that say `changed`. */
const REFUSE_MS_MAX = 31_536_000_000

/**
 * The last instant at which a refusal holds, in epoch ms; undefined when it holds at no time. It lasts as long as was
 * asked, but at least one interval of passes, so that the others are asked meanwhile, and at most 365 days. No time,
 * a negative one and NaN mean 5 s; 0 means that there is no refusal.
 */
export function refusalEndMs(
  nowMs: number,
  refuseMs: number | undefined,
  intervalMs: number,
): number | undefined {
  if (refuseMs === 0) return undefined
  const asked = refuseMs !== undefined && refuseMs > 0 ? refuseMs : REFUSE_MS_DEFAULT
  return nowMs + Math.min(REFUSE_MS_MAX, Math.max(intervalMs, asked))
}

/** What is wrong with how long a refusal is to hold; any number will do. */
export function refuseProblems(refuse: RefuseFor): ReturnType<typeof oneOf> {
  return typeof refuse === 'number' ? [] : oneOf('refuseMs', refuse, ['changed', 'adaptive'])
}
