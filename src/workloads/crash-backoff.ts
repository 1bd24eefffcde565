import type { ReplicaSetStatus, Task } from '../api/index.js'
import { isTaskFinished } from '../api/index.js'
import { formatTime, parseTime } from '../core/index.js'
import { backoffMs, compareText } from '../core/internal.js'

/** How long the replica loop holds back a replacement when tasks keep crashing. */
export interface CrashBackoff {
  /** Delay after the second crash in a row; doubles with each further one. Default 10,000 ms, as the kubelet. */
  readonly baseMs: number
  /** Default 300,000 ms. */
  readonly maxMs: number
  /** A task that lived at least this long did not crash at its start and is not counted. Default 10,000 ms. */
  readonly stableAfterMs: number
}

/** The kubelet's numbers; a first crash is replaced at once, and ten minutes without one end the row. */
export const defaultCrashBackoff: CrashBackoff = { baseMs: 10_000, maxMs: 300_000, stableAfterMs: 10_000 }

/** The crashes of a set so far, with times of the controller's clock: clocks of nodes are not believed. */
export type CrashRecord = NonNullable<ReplicaSetStatus['crashes']>

/** After so many times `maxMs` without a crash the row is over. As the kubelet. */
const FORGET_FACTOR = 2

/**
 * The record with the crashes in it that are new. Crashed tasks are ended ones that lived less than `stableAfterMs`; an
 * end with exit code 0 counts too, because a replica has no business to end.
 *
 * @param tasks of the set
 * @param leaving those of them that will not be seen again
 */
export function noteCrashes(
  before: CrashRecord | undefined,
  { tasks, leaving }: { readonly tasks: readonly Task[]; readonly leaving: ReadonlySet<Task> },
  { maxMs, stableAfterMs }: CrashBackoff,
  nowMs: number,
): CrashRecord | undefined {
  const crashed = tasks.filter(task => hasCrashed(task, stableAfterMs))
  const known = new Set(before?.tasks)
  const fresh = crashed.filter(({ metadata }) => !known.has(metadata.uid))
  // After a clock was put back the wait begins anew, instead of lasting until it has caught up.
  if (fresh.length === 0)
    return before !== undefined && parseTime(before.lastTime) > nowMs
      ? { ...before, lastTime: formatTime(nowMs) }
      : before
  const isOver = before === undefined || nowMs - parseTime(before.lastTime) >= FORGET_FACTOR * maxMs
  return {
    count: (isOver ? 0 : before.count) + fresh.length,
    waiting: (isOver ? 0 : (before.waiting ?? 0)) + fresh.length,
    lastTime: formatTime(nowMs),
    tasks: crashed
      .filter(task => !leaving.has(task))
      .map(({ metadata }) => metadata.uid)
      .sort(compareText),
  }
}

/** The instant before which no replacement should start; undefined when there is none. */
export function crashBackoffUntil(
  crashes: CrashRecord | undefined,
  backoff: CrashBackoff,
): number | undefined {
  if (crashes === undefined || crashes.count < 2) return undefined
  return parseTime(crashes.lastTime) + backoffMs(backoff, crashes.count - 1)
}

/**
 * How many of the missing tasks are held back now: those that stand for a crashed one. What else is missing, because the
 * set grew or a task was deleted, has done nothing wrong.
 */
export function heldByCrashes(
  crashes: CrashRecord | undefined,
  untilMs: number | undefined,
  missing: number,
  nowMs: number,
): number {
  if (crashes === undefined || untilMs === undefined || untilMs <= nowMs) return 0
  return Math.min(Math.max(0, missing), crashes.waiting ?? 0)
}

/** The record when so many of the crashed tasks still wait for their replacement. */
export function withWaiting({ count, lastTime, tasks }: CrashRecord, waiting: number): CrashRecord {
  return { count, lastTime, ...(waiting === 0 ? {} : { waiting }), tasks }
}

/** A duration is the same by every clock, so the node's may tell it. */
function hasCrashed(task: Task, stableAfterMs: number): boolean {
  const { startTime, finishTime } = task.status ?? {}
  if (!isTaskFinished(task) || finishTime === undefined) return false
  return startTime === undefined || parseTime(finishTime) - parseTime(startTime) < stableAfterMs
}
