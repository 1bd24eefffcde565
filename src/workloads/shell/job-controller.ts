import { Event, isConditionTrue, JOB_NAME_ANNOTATION, Job, Task } from '../../api/index.js'
import { parseTime } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { controllerOf, createController, requeueAfter } from '../../reconcile/index.js'
import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { JobBlocker } from '../batch/job-action.js'
import { isTrackedTask } from '../batch/job-tasks.js'
import { deadlineMs } from '../batch/job-verdict.js'
import { earliestTime } from '../earliest-time.js'
import type { LoopEvent } from '../task-event.js'
import type { JobPass, JobSite } from './job-pass.js'
import { hasStrays, letGoStrays, syncJob } from './job-pass.js'
import { retryAtMs } from './within-quota.js'

/** How the job loop behaves. */
export interface JobControllerOptions {
  /** Jobs worked on at once. Default 4. */
  readonly concurrency?: number
  /** Most tasks made, counted or deleted in one pass. Default 500. */
  readonly burst?: number
  /** Counted tasks kept of each job: so many that succeeded, and so many that failed. Default 5. */
  readonly historyLimit?: number
  /** Where it tells what it did about jobs. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const JOB_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<JobControllerOptions>('createJobController', {
  concurrency: true,
  burst: true,
  historyLimit: true,
  events: true,
})

/**
 * Runs the tasks of each `Job` until it is complete or has failed, and reports its status.
 *
 * Guarantees: each task holds the finalizer `keelson.dev/job` until its end is counted, and it is let go in the
 * transaction that counts it: a crash, a second controller or another writer that deletes it makes no end count twice, or
 * not at all. No index has two tasks at once, unless a node that was given up still runs one. A task that is deleted
 * before it ended is replaced, and counts neither way. What a job that is gone has left is let go.
 */
export function createJobController(options: JobControllerOptions = {}): Controller {
  assertKnown(options, JOB_CONTROLLER_OPTIONS)
  const site: JobSite = {
    limits: { burst: options.burst ?? 500, historyLimit: options.historyLimit ?? 5 },
    tallies: new Map(),
  }
  return createController({
    name: 'jobs',
    for: Job,
    owns: [Task],
    watches: [{ kind: Task, map: jobsOf }],
    concurrency: options.concurrency ?? 4,
    ownChanges: 'ignore',
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, job, ctx) {
      const { client, env } = ctx
      if (job === undefined) site.tallies.delete(refText(ref))
      const isLive = job !== undefined && job.metadata.deletionTimestamp === undefined
      const pass = isLive ? await syncJob(client, ref, site, env.clock.now()) : undefined
      if (pass?.hasStrays ?? hasStrays(client, ref, job)) await letGoStrays(client, ref)
      if (pass === undefined) return
      const { plan, refused } = pass
      if (refused !== undefined) ctx.logger.error({ err: refused }, 'a task is refused')
      for (const event of eventsOf(pass)) ctx.record(event)
      const nowMs = env.clock.now()
      const wakeAtMs =
        refused === undefined ? plan.wakeAtMs : earliestTime(endsAtMs(pass), retryAtMs(refused, nowMs))
      if (wakeAtMs !== undefined) return requeueAfter(Math.max(0, wakeAtMs - nowMs))
    },
  })
}

/** Tasks that are held for a job belong to it even when they have lost their owner; the others it owns. */
function jobsOf(task: Task): readonly ObjectRef[] {
  const name = task.metadata.annotations[JOB_NAME_ANNOTATION]
  const { namespace } = task.metadata
  if (name === undefined || !isTrackedTask(task)) return []
  const owner = controllerOf(task)
  if (owner?.name === name && owner.kind === Job.kind && owner.apiVersion === Job.apiVersion) return []
  return [namespace === undefined ? { name } : { namespace, name }]
}

/** A template that is refused is tried again when something changes, and its job ends at its deadline. */
function endsAtMs({ before, plan }: JobPass): number | undefined {
  const { startTime } = plan.status
  return startTime === undefined ? undefined : deadlineMs(before.spec, parseTime(startTime))
}

/** Reasons as those of Kubernetes' job controller. */
function* eventsOf({ before, plan, made, refused }: JobPass): Iterable<LoopEvent> {
  for (const name of made) yield { reason: 'SuccessfulCreate', note: `created task ${name}` }
  for (const action of plan.actions)
    if (action.kind === 'delete')
      yield { reason: 'SuccessfulDelete', note: `deleted task ${action.task.metadata.name}: ${action.why}` }
  if (refused !== undefined) yield { type: 'Warning', reason: 'FailedCreate', note: refused.message }
  const { conditions = [] } = plan.status
  for (const { type, status, reason, message } of conditions) {
    const isNew = isConditionTrue(conditions, type) && !isConditionTrue(before.status?.conditions, type)
    if (!isNew) continue
    if (type === 'Complete') yield { reason: 'Completed', note: message }
    if (type === 'Failed') yield { type: 'Warning', reason, note: message }
    if (type === 'Suspended' && status === 'True') yield { reason: 'Suspended', note: message }
  }
  for (const blocker of plan.blockers) {
    const note = backoffNote(blocker)
    if (note !== undefined) yield { type: 'Warning', reason: 'BackOff', note }
  }
}

function backoffNote(blocker: JobBlocker): string | undefined {
  if (blocker.kind === 'backoff') return 'tasks fail; the next is made later'
  return blocker.kind === 'failing-indexes' ? 'too many indexes fail; no other is begun' : undefined
}
