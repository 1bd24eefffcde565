import type { CronJobStatus, JobSpec } from '../../api/index.js'
import { CronJob, Event, Job, SCHEDULED_TIME_ANNOTATION } from '../../api/index.js'
import type { KeelsonError } from '../../core/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import type { CronSchedule } from '../../core/internal.js'
import { assertKnown, compileCron, knownOptions } from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { controllerOf, controllerReference, createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectInput, ObjectRef, Transaction } from '../../store/index.js'
import type { CronJobPlan, CronStart } from '../batch/cron-job-plan.js'
import { planCronJob } from '../batch/cron-job-plan.js'
import { earliestTime } from '../earliest-time.js'
import type { LoopEvent } from '../task-event.js'
import type { Making } from './within-quota.js'
import { retryAtMs, transactWithinQuota } from './within-quota.js'

/** How the loop of cron jobs behaves. */
export interface CronJobControllerOptions {
  /** Cron jobs worked on at once. Default 4. */
  readonly concurrency?: number
  /** Where it tells what it did about cron jobs. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const CRON_JOB_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<CronJobControllerOptions>(
  'createCronJobController',
  { concurrency: true, events: true },
)

/**
 * Makes the jobs of each `CronJob` when they are due, and deletes old ones.
 *
 * Guarantees: jobs and status change in one transaction, and a job's name says its time, so no run starts twice, whatever
 * crashes, however many controllers run, and wherever the clock jumps; a jump is seen within five minutes. A job learns its time from its annotation
 * `keelson.dev/scheduled-time`, a task from `SCHEDULED_TIME`. A job that is invalid is tried again at the next time, or
 * when the cron job changes, one that a quota refuses each 10 s; the condition `JobRefused` says why. A job is deleted in the background: with a garbage
 * collector its tasks end.
 */
export function createCronJobController(options: CronJobControllerOptions = {}): Controller {
  assertKnown(options, CRON_JOB_CONTROLLER_OPTIONS)
  const schedules = new Schedules()
  return createController({
    name: 'cron-jobs',
    for: CronJob,
    owns: [Job],
    concurrency: options.concurrency ?? 4,
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, cron, ctx) {
      const { client, env } = ctx
      if (cron === undefined) return schedules.forget(ref)
      if (cron.metadata.deletionTimestamp !== undefined) return
      const pass = await syncCronJob(client, ref, schedules, env.clock.now())
      if (pass === undefined) return
      for (const event of eventsOf(pass)) ctx.record(event)
      const nowMs = env.clock.now()
      const wakeAtMs = earliestTime(pass.plan.wakeAtMs, retryAtMs(pass.refused, nowMs))
      if (wakeAtMs !== undefined) return requeueAfter(Math.min(Math.max(0, wakeAtMs - nowMs), LOOK_MS_MAX))
    },
  })
}

/** A jump of the wall clock is seen within this time. */
const LOOK_MS_MAX = 300_000

/** Schedules that were read: zones cost more to look up than all else. */
class Schedules {
  readonly #byName = new Map<string, { readonly text: string; readonly schedule: CronSchedule }>()

  of({ metadata, spec }: CronJob): CronSchedule {
    const { schedule, timeZone = 'UTC', jitterMs = 0 } = spec
    const key = keyOf(metadata)
    const text = `${jitterMs} ${timeZone} ${schedule}`
    const known = this.#byName.get(key)
    if (known?.text === text) return known.schedule
    const read = compileCron({ schedule, timeZone, jitterMs, seed: key })
    this.#byName.set(key, { text, schedule: read })
    return read
  }

  forget(ref: ObjectRef): void {
    this.#byName.delete(keyOf(ref))
  }
}

function keyOf({ namespace = '', name }: ObjectRef): string {
  return `${namespace}/${name}`
}

/** What came of one pass over one cron job. */
interface CronPass {
  readonly plan: CronJobPlan
  /** Names of jobs. */
  readonly made: readonly string[]
  /** Names that belong to somebody else's job. */
  readonly taken: readonly string[]
  readonly refused?: KeelsonError
}

function syncCronJob(
  client: Client,
  ref: ObjectRef,
  schedules: Schedules,
  nowMs: number,
): Promise<CronPass | undefined> {
  return transactWithinQuota(client, (tx, making) => {
    const cron = tx.get(CronJob, ref)
    if (cron === undefined || cron.metadata.deletionTimestamp !== undefined) return undefined
    const jobs = tx.list(Job, { index: { name: 'controller', value: cron.metadata.uid } }).items
    const plan = planCronJob(cron, schedules.of(cron), jobs, nowMs)
    const { made, taken, refused } = makeJobs(tx, cron, plan.start, making)
    if (refused === undefined)
      for (const job of plan.replace) tx.delete(Job, job.metadata, { propagationPolicy: 'Background' })
    for (const job of plan.forget) tx.delete(Job, job.metadata, { propagationPolicy: 'Background' })
    const status = told(cron, plan, { made, taken, refused }, nowMs)
    // An equal status is a no-op to the store.
    tx.updateStatus(CronJob, { ...cron, status })
    return { plan, made, taken, ...(refused === undefined ? {} : { refused }) }
  })
}

interface MadeJobs {
  readonly made: readonly string[]
  readonly taken: readonly string[]
  readonly refused: KeelsonError | undefined
}

function makeJobs(tx: Transaction, cron: CronJob, start: readonly CronStart[], making: Making): MadeJobs {
  const { namespace = '', uid } = cron.metadata
  const made: string[] = []
  const taken: string[] = []
  for (const run of start) {
    const there = tx.get(Job, { namespace, name: run.name })
    if (there !== undefined && controllerOf(there)?.uid !== uid) taken.push(run.name)
    if (there !== undefined) continue
    const one = making.make(() => tx.create(Job, jobOf(cron, run)))
    if (one.refused !== undefined) return { made, taken, refused: one.refused }
    made.push(one.object.metadata.name)
  }
  return { made, taken, refused: undefined }
}

/** The status of the plan, or, when a job was refused, that nothing was dealt with. */
function told(cron: CronJob, plan: CronJobPlan, { taken, refused }: MadeJobs, nowMs: number): CronJobStatus {
  const { conditions: before = [] } = plan.status
  const isKnown = before.some(({ type }) => type === 'JobRefused')
  if (refused === undefined && taken.length === 0) {
    if (!isKnown || plan.start.length === 0) return plan.status
    return { ...plan.status, conditions: before.filter(({ type }) => type !== 'JobRefused') }
  }
  const message = refused?.message ?? `another job has the name ${taken.join(', ')}`
  const reason = refused?.code ?? 'NameTaken'
  const condition = { type: 'JobRefused', status: 'True', reason, message } as const
  const conditions = setCondition(before, condition, formatTime(nowMs))
  const { lastScheduleTime, handledTime = cron.metadata.creationTimestamp, active = [] } = cron.status ?? {}
  if (refused === undefined)
    return { ...plan.status, active: plan.status.active.filter(name => !taken.includes(name)), conditions }
  const { lastScheduleTime: _planned, ...rest } = plan.status
  const last = lastScheduleTime === undefined ? {} : { lastScheduleTime }
  return { ...rest, ...last, handledTime, active, conditions }
}

function jobOf(cron: CronJob, { name, scheduledMs }: CronStart): ObjectInput<JobSpec> {
  const { namespace } = cron.metadata
  const { metadata, spec } = cron.spec.jobTemplate
  const time = formatTime(scheduledMs)
  const { template } = spec
  const env = (template.spec.env ?? []).filter(one => one.name !== 'SCHEDULED_TIME')
  const timed = { ...template.spec, env: [...env, { name: 'SCHEDULED_TIME', value: time }] }
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: metadata?.labels ?? {},
      annotations: { ...metadata?.annotations, [SCHEDULED_TIME_ANNOTATION]: time },
      ownerReferences: [controllerReference(CronJob, cron)],
    },
    spec: { ...spec, template: { ...template, spec: timed } },
  }
}

/** Reasons as those of Kubernetes' cron job controller. */
function* eventsOf({ plan, made, taken, refused }: CronPass): Iterable<LoopEvent> {
  for (const name of made) yield { reason: 'SuccessfulCreate', note: `created job ${name}` }
  for (const { metadata } of refused === undefined ? [...plan.replace, ...plan.forget] : plan.forget)
    yield { reason: 'SuccessfulDelete', note: `deleted job ${metadata.name}` }
  for (const name of taken)
    yield { type: 'Warning', reason: 'FailedCreate', note: `another job has the name ${name}` }
  if (refused !== undefined) yield { type: 'Warning', reason: 'FailedCreate', note: refused.message }
  for (const blocker of plan.blockers) {
    if (blocker.kind === 'deadline')
      yield {
        type: 'Warning',
        reason: 'MissSchedule',
        note: `the run of ${formatTime(blocker.scheduledMs)} came too late`,
      }
    if (blocker.kind === 'active')
      yield {
        reason: 'JobAlreadyActive',
        note: `the run of ${formatTime(blocker.scheduledMs)} waits for the active job`,
      }
  }
}
