/** An instance that has ended, well or not: what is rolled out has no business to end. */
export interface InstanceFailure {
  /** Unique, so that an instance counts once. */
  readonly id: string
  /** When it was noticed, by the clock that `plan` is given. Epoch milliseconds. */
  readonly atMs: number
  /** `crash`: it failed; `exit`: it ended by itself and well. */
  readonly cause: 'crash' | 'exit'
}

/** Failures of one template that a step looks at; of more, the newest. */
const FAILURES_MAX = 1_000
/** So many different instances that fail within `CRASH_LOOP_WINDOW_MS` are a crash loop. */
const CRASH_LOOP_INSTANCES = 3
export const CRASH_LOOP_WINDOW_MS = 60_000

/** Each instance once, from `sinceMs` on, oldest first; of more than 1,000, the newest. */
export function failuresSince(
  failures: readonly InstanceFailure[],
  sinceMs: number,
): readonly InstanceFailure[] {
  const byId = new Map<string, InstanceFailure>()
  for (const failure of failures) if (failure.atMs >= sinceMs) byId.set(failure.id, failure)
  return [...byId.values()].sort((a, b) => a.atMs - b.atMs).slice(-FAILURES_MAX)
}

/** Whether three different instances failed within a minute, at any time from `sinceMs` on. */
export function isCrashLoop(failures: readonly InstanceFailure[], sinceMs: number): boolean {
  if (failures.length < CRASH_LOOP_INSTANCES) return false
  const times = failuresSince(failures, sinceMs).map(({ atMs }) => atMs)
  return times.some((atMs, index) => {
    const last = times[index + CRASH_LOOP_INSTANCES - 1]
    return last !== undefined && last - atMs <= CRASH_LOOP_WINDOW_MS
  })
}
