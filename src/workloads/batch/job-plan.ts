import type { Job, JobStatus, Task } from '../../api/index.js'
import { isConditionTrue, isJobFinished } from '../../api/index.js'
import { formatTime, parseTime, setCondition } from '../../core/index.js'
import { compareText, compareTimes } from '../../core/internal.js'
import { earliestTime } from '../earliest-time.js'
import { scaleDownOrder } from '../scale-down-order.js'
import type { JobAction, JobBlocker } from './job-action.js'
import { JobCounts } from './job-counts.js'
import type { JobVacancies } from './job-indexes.js'
import { duplicateTasks, vacantIndexes } from './job-indexes.js'
import type { JobSettings } from './job-settings.js'
import { jobSettings, wantedActive } from './job-settings.js'
import { jobStatus } from './job-status.js'
import { JobTally } from './job-tally.js'
import { staysWhenDeleted } from './job-tasks.js'
import type { JobVerdict } from './job-verdict.js'
import { deadlineMs, judgeJob } from './job-verdict.js'

/** What one look at a job asks for. */
export interface JobPlan {
  /** To be done in one transaction with the status: then nothing is counted twice, and nothing is lost. */
  readonly actions: readonly JobAction[]
  /** As it is when all actions are done. */
  readonly status: JobStatus
  /** When to look again although nothing changed; at once, when the rest follows in the next pass. Epoch ms. */
  readonly wakeAtMs?: number
  readonly blockers: readonly JobBlocker[]
}

/** Bounds of the job loop. */
export interface JobLimits {
  /** Most tasks made, counted or deleted in one pass; the rest follows in the next. Default 500. */
  readonly burst: number
  /** Counted tasks that are kept to look at, of those that succeeded and of those that failed. Default 5. */
  readonly historyLimit: number
}

/**
 * Decides what a job needs now. Pure: equal inputs, equal plan, whatever the order of the tasks.
 *
 * Ended tasks are counted first; then it is decided whether the job ends; then surplus tasks go; only a pass that deletes
 * none makes some. As Kubernetes' job controller, except: a deleted task that may still run holds its place, one that is
 * deleted before it ended counts neither way, and `active` is the true number while a back-off lasts. When the actions
 * are done, another plan at the same time has none and the same status, unless `wakeAtMs` asks for it.
 *
 * @param tasks those that the job controls
 */
export function planJob(job: Job, tasks: readonly Task[], limits: JobLimits, nowMs: number): JobPlan {
  return planTalliedJob(job, new JobTally().update(tasks), limits, nowMs)
}

/** As `planJob`, for tasks that are tallied already. */
export function planTalliedJob(job: Job, tally: JobTally, limits: JobLimits, nowMs: number): JobPlan {
  const settings = jobSettings(job.spec)
  const counts = new JobCounts(job.spec, settings, job.status, nowMs)
  const pass: Pass = { job, settings, counts, tally, limits, nowMs, actions: [], left: limits.burst }
  const uncounted = countEnded(pass)
  if (isJobFinished(job)) return planFinished(pass, uncounted)
  const isSuspended = job.spec.suspend === true
  const startMs = isSuspended ? nowMs : notLater(job.status?.startTime, nowMs)
  const active = tally.count('active') + tally.count('terminating') + uncounted
  const verdict = judgeJob(job, settings, counts, { active, startMs, nowMs })
  if (verdict !== undefined) return planEnd(pass, verdict, uncounted)
  forgetOld(pass)
  const blockers: JobBlocker[] = []
  let wakeAtMs = deadlineMs(job.spec, startMs)
  if (isSuspended) {
    deleteTasks(pass, tally.of('active'), 'suspended')
    // Without its last task a job that counts no completions may be complete.
    wakeAtMs = tally.count('active') + uncounted === 0 ? undefined : nowMs
    blockers.push({ kind: 'suspended' })
  } else if (uncounted > 0) wakeAtMs = nowMs
  else if (removeSurplus(pass)) wakeAtMs = nowMs
  else {
    const made = makeMissing(pass)
    blockers.push(...made.blockers)
    wakeAtMs = earliestTime(wakeAtMs, made.wakeAtMs)
  }
  const conditions = suspension(job, isSuspended, nowMs)
  const start = isSuspended ? {} : { startTime: formatTime(startMs) }
  return finish(pass, { ...start, conditions }, blockers, wakeAtMs)
}

/** What one pass works with. */
interface Pass {
  readonly job: Job
  readonly settings: JobSettings
  readonly counts: JobCounts
  readonly tally: JobTally
  readonly limits: JobLimits
  readonly nowMs: number
  readonly actions: JobAction[]
  /** Actions that may still be added. */
  left: number
}

/** How many are left to count in the next pass. */
function countEnded(pass: Pass): number {
  const { tally, counts, actions, limits } = pass
  const [lost, ended] = [tally.of('lost'), [...tally.of('ended')].sort(byEnd)]
  for (const task of lost.slice(0, limits.burst)) actions.push({ kind: 'count', task, outcome: 'lost' })
  for (const task of ended.slice(0, limits.burst - actions.length))
    actions.push({ kind: 'count', task, outcome: counts.add(task) })
  pass.left -= actions.length
  return lost.length + ended.length - actions.length
}

/** Of a job that has ended: it is deleted in time, and its ended tasks before, beyond the history. */
function planFinished(pass: Pass, uncounted: number): JobPlan {
  const { job, nowMs, actions } = pass
  forgetOld(pass)
  const isPartial = !deleteTasks(pass, pass.tally.of('active'), 'job ended') || uncounted > 0
  const { ttlSecondsAfterFinished: ttl } = job.spec
  const { startTime, completionTime } = job.status ?? {}
  const conditions = (job.status?.conditions ?? []).map(condition =>
    isFinal(condition.type)
      ? { ...condition, lastTransitionTime: formatTime(notLater(condition.lastTransitionTime, nowMs)) }
      : condition,
  )
  const ended = conditions.find(({ type, status }) => isFinal(type) && status === 'True')
  const expireAtMs =
    ttl === undefined || ended === undefined ? undefined : parseTime(ended.lastTransitionTime) + ttl * 1000
  if (expireAtMs !== undefined && expireAtMs <= nowMs) actions.push({ kind: 'expire' })
  const kept = {
    ...(startTime === undefined ? {} : { startTime }),
    ...(completionTime === undefined ? {} : { completionTime }),
    conditions,
  }
  // What an expired job leaves is let go when it is gone.
  const wakeAtMs = isPartial ? nowMs : expireAtMs
  return finish(pass, kept, [], wakeAtMs === undefined ? undefined : Math.max(nowMs, wakeAtMs))
}

/** After a clock was put back a span begins again, instead of lasting until it has caught up. Epoch ms. */
function notLater(time: string | undefined, nowMs: number): number {
  return time === undefined ? nowMs : Math.min(parseTime(time), nowMs)
}

function isFinal(type: string): boolean {
  return type === 'Complete' || type === 'Failed'
}

/** Ends the active tasks; when none is left, the job has ended. */
function planEnd(pass: Pass, { target, reason, message }: JobVerdict, uncounted: number): JobPlan {
  const { job, nowMs, tally } = pass
  const now = formatTime(nowMs)
  const active = tally.of('active')
  const isAllDeleted = deleteTasks(pass, active, reason)
  const isOver =
    isAllDeleted && uncounted === 0 && tally.count('terminating') === 0 && !active.some(staysWhenDeleted)
  forgetOld(pass)
  let conditions = setCondition(
    job.status?.conditions,
    { type: target, status: 'True', reason, message },
    now,
  )
  const final = target === 'FailureTarget' ? 'Failed' : 'Complete'
  if (isOver) conditions = setCondition(conditions, { type: final, status: 'True', reason, message }, now)
  const start = job.status?.startTime ?? (job.spec.suspend === true ? undefined : now)
  const times = {
    ...(start === undefined ? {} : { startTime: start }),
    ...(isOver && final === 'Complete' ? { completionTime: now } : {}),
  }
  const { ttlSecondsAfterFinished: ttl } = job.spec
  const expireAtMs = isOver && ttl !== undefined ? nowMs + ttl * 1000 : undefined
  const wakeAtMs = uncounted > 0 || !isAllDeleted ? nowMs : expireAtMs
  return finish(pass, { ...times, conditions }, [], wakeAtMs)
}

function suspension(job: Job, isSuspended: boolean, nowMs: number): NonNullable<JobStatus['conditions']> {
  const conditions = job.status?.conditions ?? []
  if (isSuspended === isConditionTrue(conditions, 'Suspended')) return conditions
  const condition = isSuspended
    ? ({
        type: 'Suspended',
        status: 'True',
        reason: 'JobSuspended',
        message: 'the job is suspended',
      } as const)
    : ({ type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'the job was resumed' } as const)
  return setCondition(conditions, condition, formatTime(nowMs))
}

/** True when some went, or are to go: then none is made. */
function removeSurplus(pass: Pass): boolean {
  const { tally, settings, counts, nowMs } = pass
  const doubles = settings.isIndexed ? duplicateTasks(tally, counts, settings.completions ?? 0) : []
  deleteTasks(pass, doubles, 'its index is taken or done')
  const active = tally.count('active') - doubles.length
  const surplus = active - wantedActive(settings, { succeeded: counts.succeeded, active })
  if (surplus > 0) {
    const others = tally.of('active').filter(task => !doubles.includes(task))
    for (const { task, why } of scaleDownOrder(others, surplus, { nowMs })) deleteTasks(pass, [task], why)
  }
  return doubles.length > 0 || surplus > 0
}

interface Making {
  readonly blockers: readonly JobBlocker[]
  readonly wakeAtMs?: number
}

function makeMissing(pass: Pass): Making {
  const { tally, settings, counts, nowMs, actions } = pass
  const active = tally.count('active')
  const terminating = tally.count('terminating')
  const missing = wantedActive(settings, { succeeded: counts.succeeded, active }) - active
  if (missing <= 0) return { blockers: [] }
  const { untilMs } = counts
  if (untilMs > nowMs) return { blockers: [{ kind: 'backoff', untilMs, missing }], wakeAtMs: untilMs }
  const places = missing - terminating
  const blockers: JobBlocker[] = []
  if (places < missing) blockers.push({ kind: 'terminating', missing: Math.min(missing, terminating) })
  if (places <= 0) return { blockers }
  const making = Math.min(places, pass.left)
  const vacancies: JobVacancies = settings.isIndexed
    ? vacantIndexes(tally.held, counts, settings.completions ?? 0, { want: making, nowMs })
    : { indexes: Array.from({ length: making }, () => undefined), waitingUntilMs: undefined, isHeld: false }
  for (const index of vacancies.indexes)
    actions.push(index === undefined ? { kind: 'create' } : { kind: 'create', index })
  const vacant = making - vacancies.indexes.length
  const waitingUntilMs = vacant > 0 ? vacancies.waitingUntilMs : undefined
  if (waitingUntilMs !== undefined)
    blockers.push({ kind: 'index-backoff', untilMs: waitingUntilMs, missing: vacant })
  if (vacant > 0 && vacancies.isHeld) blockers.push({ kind: 'failing-indexes', missing: vacant })
  // Where indexes are missing, there are none for the next pass.
  const isBurst = making < places && vacant === 0
  if (isBurst) blockers.push({ kind: 'burst', missing: places - making })
  const wakeAtMs = isBurst ? nowMs : waitingUntilMs
  return { blockers, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) }
}

/** False when the rest is for the next pass. */
function deleteTasks(pass: Pass, tasks: readonly Task[], why: string): boolean {
  const some = tasks.slice(0, pass.left)
  for (const task of some) pass.actions.push({ kind: 'delete', task, why })
  pass.left -= some.length
  return some.length === tasks.length
}

/** Counted tasks beyond the newest of each sort. */
function forgetOld({ tally, actions, limits }: Pass): void {
  const kept = tally.of('counted').filter(isKept)
  for (const action of actions)
    if (action.kind === 'count' && action.outcome !== 'lost' && isKept(action.task)) kept.push(action.task)
  for (const phase of ['Succeeded', 'Failed'] as const) {
    const ended = kept.filter(({ status }) => status?.phase === phase)
    if (ended.length <= limits.historyLimit) continue
    const newestFirst = ended.sort((a, b) => byEnd(b, a))
    for (const task of newestFirst.slice(limits.historyLimit)) actions.push({ kind: 'forget', task })
  }
}

function isKept({ metadata }: Task): boolean {
  return metadata.deletionTimestamp === undefined
}

function finish(
  pass: Pass,
  kept: Parameters<typeof jobStatus>[1],
  blockers: readonly JobBlocker[],
  wakeAtMs: number | undefined,
): JobPlan {
  const status = jobStatus(pass, kept)
  return { actions: pass.actions, status, blockers, ...(wakeAtMs === undefined ? {} : { wakeAtMs }) }
}

function byEnd(a: Task, b: Task): number {
  return compareTimes(endOf(a), endOf(b)) || compareText(a.metadata.name, b.metadata.name)
}

function endOf({ metadata, status }: Task): string {
  return status?.finishTime ?? metadata.creationTimestamp
}
