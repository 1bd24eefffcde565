import type { CronJob, CronJobStatus, Job } from '../../api/index.js'
import { isConditionTrue, isJobFinished } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'
import type { CronSchedule } from '../../core/internal.js'
import { compareText } from '../../core/internal.js'
import type { CronBlocker, CronPolicy } from '../cron/due-runs.js'
import { planCronRuns } from '../cron/due-runs.js'

/** Complete and failed jobs that are kept, as Kubernetes. */
const SUCCESSFUL_JOBS_KEPT = 3
const FAILED_JOBS_KEPT = 1

/** A job to make. */
export interface CronStart {
  /** `<cron job>-<minutes since 1970>`: one name for one time, whoever makes it. */
  readonly name: string
  /** Epoch ms, without the jitter. */
  readonly scheduledMs: number
}

/** What one look at a cron job asks for. */
export interface CronJobPlan {
  /** Active jobs that make room, before the others start. */
  readonly replace: readonly Job[]
  readonly start: readonly CronStart[]
  /** Ended jobs beyond the history. */
  readonly forget: readonly Job[]
  /** To be written in the transaction that does the rest: then no run starts twice. */
  readonly status: CronJobStatus
  readonly blockers: readonly CronBlocker[]
  /** When to look again although nothing changed. Epoch ms. */
  readonly wakeAtMs?: number
}

/**
 * Decides what a cron job needs now. Pure: equal inputs, equal plan, whatever the order of the jobs.
 *
 * Another schedule or zone begins when it is seen: what it would have run before is not made up for. A job that is deleted
 * and has not ended is active.
 *
 * @param schedule that of the cron job
 * @param jobs those that it controls
 */
export function planCronJob(
  cron: CronJob,
  schedule: CronSchedule,
  jobs: readonly Job[],
  nowMs: number,
): CronJobPlan {
  const { metadata, spec, status: before } = cron
  const active = jobs.filter(job => !isJobFinished(job)).sort(byName)
  const observedSchedule = `${spec.timeZone ?? 'UTC'} ${spec.schedule}`
  const known = parseTime(before?.handledTime ?? metadata.creationTimestamp)
  const isOther = before !== undefined && before.observedSchedule !== observedSchedule
  const from = isOther ? Math.max(known, nowMs) : known
  const runs = planCronRuns(schedule, policyOf(cron), { handledMs: from, active: active.length, nowMs })
  const replace = runs.replace ? active.filter(isNotDeleting) : []
  const start = runs.start.map(scheduledMs => ({ name: nameOf(metadata.name, scheduledMs), scheduledMs }))
  const isNews = start.length > 0 || runs.missed > 0
  const missed = isNews ? runs.missed : (before?.missed ?? 0)
  const lastMs = runs.start.at(-1)
  const lastScheduleTime = lastMs === undefined ? before?.lastScheduleTime : formatTime(lastMs)
  const lastSuccessfulTime = lastSuccess(jobs, before?.lastSuccessfulTime)
  const stay = active.filter(job => !replace.includes(job)).map(job => job.metadata.name)
  const status: CronJobStatus = {
    observedGeneration: metadata.generation,
    active: [...new Set([...stay, ...start.map(({ name }) => name)])],
    ...(lastScheduleTime === undefined ? {} : { lastScheduleTime }),
    ...(lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime }),
    handledTime: formatTime(runs.handledMs),
    observedSchedule,
    ...(missed === 0 ? {} : { missed }),
    ...(runs.wakeAtMs === undefined ? {} : { nextScheduleTime: formatTime(runs.wakeAtMs) }),
    ...(before?.conditions === undefined ? {} : { conditions: before.conditions }),
  }
  return {
    replace,
    start,
    forget: expiredJobs(cron, jobs),
    status,
    blockers: runs.blockers,
    ...(runs.wakeAtMs === undefined ? {} : { wakeAtMs: runs.wakeAtMs }),
  }
}

function policyOf({ spec }: CronJob): CronPolicy {
  const { catchUp, concurrencyPolicy, startingDeadlineSeconds, suspend } = spec
  return {
    ...(catchUp === undefined ? {} : { catchUp }),
    ...(concurrencyPolicy === undefined ? {} : { concurrencyPolicy }),
    ...(startingDeadlineSeconds === undefined ? {} : { startingDeadlineMs: startingDeadlineSeconds * 1000 }),
    ...(suspend === undefined ? {} : { suspend }),
  }
}

function nameOf(name: string, scheduledMs: number): string {
  return `${name}-${Math.floor(scheduledMs / 60_000)}`
}

function lastSuccess(jobs: readonly Job[], before: string | undefined): string | undefined {
  const times = jobs.flatMap(({ status }) =>
    isConditionTrue(status?.conditions, 'Complete') && status?.completionTime !== undefined
      ? [status.completionTime]
      : [],
  )
  return [...times, ...(before === undefined ? [] : [before])].sort(compareText).at(-1)
}

/** Those that started first go first. */
function expiredJobs({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  const limits = {
    Complete: spec.successfulJobsHistoryLimit ?? SUCCESSFUL_JOBS_KEPT,
    Failed: spec.failedJobsHistoryLimit ?? FAILED_JOBS_KEPT,
  }
  return Object.entries(limits).flatMap(([type, limit]) => {
    const ended = jobs.filter(job => isNotDeleting(job) && isConditionTrue(job.status?.conditions, type))
    return ended.sort(byStart).slice(0, Math.max(0, ended.length - limit))
  })
}

function isNotDeleting({ metadata }: Job): boolean {
  return metadata.deletionTimestamp === undefined
}

function byStart(a: Job, b: Job): number {
  return compareText(startOf(a), startOf(b)) || byName(a, b)
}

function startOf({ metadata, status }: Job): string {
  return status?.startTime ?? metadata.creationTimestamp
}

function byName(a: Job, b: Job): number {
  return compareText(a.metadata.name, b.metadata.name)
}
