import type { Task } from '../api/index.js'
import { isTaskFinished } from '../api/index.js'
import { parseTime } from '../core/index.js'
import { backoffMs } from '../core/internal.js'

/** How long the replica loop holds back a replacement when tasks keep crashing. */
export interface CrashBackoff {
  /** Delay after the second crash in a row; doubles with each further one. Default 10,000 ms, as the kubelet. */
  readonly baseMs: number
  /** Default 300,000 ms. */
  readonly maxMs: number
  /** A task that lived at least this long did not crash at its start and is not counted. Default 10,000 ms. */
  readonly stableAfterMs: number
}

/** The kubelet's numbers; a first crash is replaced at once. */
export const defaultCrashBackoff: CrashBackoff = { baseMs: 10_000, maxMs: 300_000, stableAfterMs: 10_000 }

/**
 * The instant before which no replacement should start, or undefined when there is none. Crashes are read off
 * the ended tasks that the set keeps as its history, so the answer survives a restart of the controller. An end
 * with exit code 0 counts too: a replica has no business to end.
 */
export function crashBackoffUntil(tasks: readonly Task[], backoff: CrashBackoff): number | undefined {
  const crashes: number[] = []
  for (const task of tasks) {
    const { startTime, finishTime } = task.status ?? {}
    if (!isTaskFinished(task) || finishTime === undefined) continue
    const finishedMs = parseTime(finishTime)
    const startedMs = startTime === undefined ? finishedMs : parseTime(startTime)
    if (finishedMs - startedMs < backoff.stableAfterMs) crashes.push(finishedMs)
  }
  if (crashes.length < 2) return undefined
  return Math.max(...crashes) + backoffMs(backoff, crashes.length - 1)
}
