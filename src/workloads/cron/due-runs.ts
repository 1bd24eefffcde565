import type { CronSchedule } from '../../core/internal.js'

/** Times counted at most: more are told as so many. */
const COUNTED_MAX = 100_000

/** Runs started at most in one look; the rest follows in the next. */
const STARTED_MAX = 100

/** A run that is later than this is not in time, for `catchUp: 'none'` without a deadline of its own. */
const IN_TIME_MS = 60_000

/** A clock that is put back further than this was wrong, and what ran by it counts no more. As Debian's cron. */
const CORRECTION_MS = 3 * 3_600_000

/** The last run is looked for in longer and longer windows, so that a long pause costs no walk over all of it. */
const WINDOWS_MS = [3_600_000, 86_400_000, 32 * 86_400_000, 366 * 86_400_000, Number.POSITIVE_INFINITY]

/** What decides about runs besides their times. */
export interface CronPolicy {
  /**
   * Which of several runs that are due are started: the last one; each, in order; or none that is late. Default `latest`.
   * With `Replace` only the last one has a meaning.
   */
  readonly catchUp?: 'latest' | 'all' | 'none'
  /** What happens while a run is active: another beside it, one after the other, or one instead. Default `Allow`. */
  readonly concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace'
  /** A run that could not be started so long after its time is skipped, ms. Default none; 60,000 for `catchUp: 'none'`. */
  readonly startingDeadlineMs?: number
  /** Nothing is started; when it is resumed, what was due meanwhile is judged as after any pause. Default false. */
  readonly suspend?: boolean
}

/** What is known of the runs so far. */
export interface CronView {
  /**
   * The last time that was dealt with; at first, when the schedule was made. Epoch ms, without the jitter. More than three
   * hours ahead of now it is not believed: the clock was put back.
   */
  readonly handledMs: number
  /** Runs that have not ended. */
  readonly active: number
  readonly nowMs: number
}

/** What one look at a schedule asks for. */
export interface CronPlan {
  /** Times of the runs to start, in order, without the jitter: what a run is told as its time. Epoch ms. */
  readonly start: readonly number[]
  /** Active runs are to be deleted first. */
  readonly replace: boolean
  /** Times that are dealt with now: the next look begins after it. Epoch ms. */
  readonly handledMs: number
  /** Times that passed without a run, one that is started late among them; 0 when all is in time. At most 100,000. */
  readonly missed: number
  /** Why a run that is due is not started. */
  readonly blockers: readonly CronBlocker[]
  /** When to look again although nothing changed; absent when it never runs again, or is suspended. */
  readonly wakeAtMs?: number
}

/** Something that holds a run back. */
export type CronBlocker =
  /** It is skipped for good. */
  | { readonly kind: 'deadline'; readonly scheduledMs: number; readonly deadlineMs: number }
  /** It starts when the active one has ended. */
  | { readonly kind: 'active'; readonly scheduledMs: number }
  | { readonly kind: 'suspended' }

/**
 * Decides which runs of a schedule start now. Pure; nothing is started twice as long as `handledMs` is kept, and written
 * together with what is started.
 *
 * Costs a walk over the times that are due, 100,000 at most; the last one is found whatever the pause.
 */
export function planCronRuns(schedule: CronSchedule, policy: CronPolicy, view: CronView): CronPlan {
  const { active, nowMs } = view
  const handledMs = view.handledMs > nowMs + CORRECTION_MS ? nowMs : view.handledMs
  if (policy.suspend === true)
    return { start: [], replace: false, handledMs, missed: 0, blockers: [{ kind: 'suspended' }] }
  const untilMs = nowMs - schedule.delayMs
  const latest = latestRun(schedule, handledMs, untilMs)
  if (latest === undefined) return waiting(schedule, view, handledMs)
  const { concurrencyPolicy = 'Allow', catchUp = 'latest' } = policy
  const deadlineMs = policy.startingDeadlineMs ?? (catchUp === 'none' ? IN_TIME_MS : Number.POSITIVE_INFINITY)
  const inTimeMs = Math.max(handledMs, untilMs - deadlineMs - 1)
  const due = countRuns(schedule, handledMs, untilMs)
  const missed = due === 1 ? 0 : due
  if (latest <= inTimeMs) {
    const blockers: CronBlocker[] = [{ kind: 'deadline', scheduledMs: latest, deadlineMs }]
    return { ...waiting(schedule, view, latest), missed: due, blockers }
  }
  const isEach = catchUp === 'all' && concurrencyPolicy !== 'Replace'
  const first = isEach ? (schedule.next(inTimeMs) ?? latest) : latest
  if (concurrencyPolicy === 'Forbid' && active > 0) {
    const blockers: CronBlocker[] = [{ kind: 'active', scheduledMs: first }]
    return { ...waiting(schedule, view, handledMs), missed, blockers }
  }
  const count = !isEach || concurrencyPolicy === 'Forbid' ? 1 : STARTED_MAX
  const start = [first]
  for (let next = schedule.next(first); isEach && start.length < count; next = schedule.next(next)) {
    if (next === undefined || next > untilMs) break
    start.push(next)
  }
  const last = start.at(-1) ?? first
  const replace = concurrencyPolicy === 'Replace' && active > 0
  return { ...waiting(schedule, view, last), start, replace, missed }
}

/** Nothing starts; the next look is when the first time after `handledMs` that is still to come is due. */
function waiting(schedule: CronSchedule, { nowMs }: CronView, handledMs: number): CronPlan {
  const next = schedule.next(Math.max(handledMs, nowMs - schedule.delayMs))
  const wake = next === undefined ? {} : { wakeAtMs: next + schedule.delayMs }
  return { start: [], replace: false, handledMs, missed: 0, blockers: [], ...wake }
}

/** The last time in (`sinceMs`, `untilMs`]; undefined when there is none. */
function latestRun(schedule: CronSchedule, sinceMs: number, untilMs: number): number | undefined {
  for (const windowMs of WINDOWS_MS) {
    let latest: number | undefined
    let next = schedule.next(Math.max(sinceMs, untilMs - windowMs))
    while (next !== undefined && next <= untilMs) {
      latest = next
      next = schedule.next(next)
    }
    if (latest !== undefined || untilMs - windowMs <= sinceMs) return latest
  }
  return undefined
}

function countRuns(schedule: CronSchedule, sinceMs: number, untilMs: number): number {
  let count = 0
  for (let next = schedule.next(sinceMs); next !== undefined && next <= untilMs; next = schedule.next(next)) {
    count += 1
    if (count === COUNTED_MAX) break
  }
  return count
}
