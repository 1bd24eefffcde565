/** What is seen of a thread at one look. */
export interface ThreadSample {
  /** Grows with each step that it takes. */
  readonly beat: number
  /** CPU time that it has used, in milliseconds. */
  readonly cpuMs: number
  /** True when it waits for something outside, and not for a processor. */
  readonly isAsleep: boolean
}

/** What is known of the step that is under way. */
export interface StepProgress {
  readonly beat: number
  /** CPU time at the first look. */
  readonly fromCpuMs: number
  readonly lastCpuMs: number
  /** How many looks in a row found it asleep, without having run in between. */
  readonly asleepLooks: number
}

/** When a step has taken too long: it has computed, or slept, for that time. */
export type StepVerdict = 'computes' | 'sleeps' | undefined

/**
 * Judges a step by what its thread has done: how much it has computed, or how long it sleeps. Real time says nothing: on a
 * machine with more to do than it can, a thread may wait for a processor for long, and a look counts only when the
 * looking thread got one.
 *
 * This function is sent to another thread as text, so that it uses nothing from outside.
 */
export function judgeStep(
  before: StepProgress | undefined,
  { beat, cpuMs, isAsleep }: ThreadSample,
  { timeoutMs, lookEveryMs }: { readonly timeoutMs: number; readonly lookEveryMs: number },
): { readonly progress: StepProgress; readonly verdict: StepVerdict } {
  if (before === undefined || before.beat !== beat)
    return {
      progress: { beat, fromCpuMs: cpuMs, lastCpuMs: cpuMs, asleepLooks: 0 },
      verdict: undefined,
    }
  const hasRun = cpuMs > before.lastCpuMs
  const asleepLooks = isAsleep && !hasRun ? before.asleepLooks + 1 : 0
  const progress = { ...before, lastCpuMs: cpuMs, asleepLooks }
  if (cpuMs - before.fromCpuMs >= timeoutMs) return { progress, verdict: 'computes' }
  return { progress, verdict: asleepLooks * lookEveryMs >= timeoutMs ? 'sleeps' : undefined }
}
