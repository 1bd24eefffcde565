import {
  Event,
  isConditionTrue,
  isTaskFinished,
  JOB_INDEX_ANNOTATION,
  JOB_NAME_ANNOTATION,
  Job,
  Task,
} from '../../api/index.js'
import { isKeelsonError, parseTime } from '../../core/index.js'
import { assertKnown, deepEqual, knownOptions } from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { controllerOf, controllerReference, createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectInput, ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { JobAction, JobBlocker } from '../batch/job-action.js'
import type { JobLimits, JobPlan } from '../batch/job-plan.js'
import { planJob } from '../batch/job-plan.js'
import { isTrackedTask, JOB_FINALIZER } from '../batch/job-tasks.js'
import { deadlineMs } from '../batch/job-verdict.js'
import type { LoopEvent } from '../task-event.js'
import { letGo } from './let-go.js'

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
  const limits: JobLimits = { burst: options.burst ?? 500, historyLimit: options.historyLimit ?? 5 }
  return createController({
    name: 'jobs',
    for: Job,
    owns: [Task],
    watches: [{ kind: Task, map: jobsOf }],
    concurrency: options.concurrency ?? 4,
    ownChanges: 'ignore',
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, job, ctx) {
      const { client, env, logger } = ctx
      const isLive = job !== undefined && job.metadata.deletionTimestamp === undefined
      const pass = isLive ? await syncJob(client, ref, limits, env.clock.now()) : undefined
      if (pass?.hasStrays ?? hasStrays(client, ref, job)) await letGoStrays(client, ref)
      if (pass === undefined) return
      const { plan, refused } = pass
      if (refused !== undefined) logger.error({ err: refused }, 'no task can be made of the template')
      for (const event of eventsOf(pass)) ctx.record(event)
      const wakeAtMs = refused === undefined ? plan.wakeAtMs : endsAtMs(pass)
      if (wakeAtMs !== undefined) return requeueAfter(Math.max(0, wakeAtMs - env.clock.now()))
    },
  })
}

/** Tasks that are held for a job belong to it even when they have lost their owner. */
function jobsOf(task: Task): readonly ObjectRef[] {
  const name = task.metadata.annotations[JOB_NAME_ANNOTATION]
  const { namespace } = task.metadata
  if (name === undefined || !isTrackedTask(task)) return []
  return [namespace === undefined ? { name } : { namespace, name }]
}

/** What came of one pass over one job. */
interface JobPass {
  readonly before: Job
  readonly plan: JobPlan
  /** Names of tasks. */
  readonly made: readonly string[]
  /** Why the template is not acceptable. */
  readonly refused?: Error
  /** Others are there under its name. */
  readonly hasStrays: boolean
}

/** A template that is refused is tried again when something changes, and its job ends at its deadline. */
function endsAtMs({ before, plan }: JobPass): number | undefined {
  const { startTime } = plan.status
  return startTime === undefined ? undefined : deadlineMs(before.spec, parseTime(startTime))
}

function syncJob(
  client: Client,
  ref: ObjectRef,
  limits: JobLimits,
  nowMs: number,
): Promise<JobPass | undefined> {
  return client.transact(tx => {
    const job = tx.get(Job, ref)
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return undefined
    const tasks = tasksOfName(tx, ref)
    const own = tasks.filter(task => controllerOf(task)?.uid === job.metadata.uid)
    const plan = planJob(job, own, limits, nowMs)
    const made: string[] = []
    let refused: Error | undefined
    for (const action of plan.actions) {
      if (action.kind !== 'create') carryOut(tx, job, action)
      else if (refused === undefined)
        try {
          made.push(tx.create(Task, taskFrom(job, action.index)).metadata.name)
        } catch (error) {
          if (!isKeelsonError(error, 'Invalid')) throw error
          refused = error
        }
    }
    if (!plan.actions.some(({ kind }) => kind === 'expire')) {
      const unmade = plan.actions.filter(({ kind }) => kind === 'create').length - made.length
      const status = unmade === 0 ? plan.status : { ...plan.status, active: plan.status.active - unmade }
      // To the store an equal status is a no-op too, but one that has to be copied and checked first.
      if (!deepEqual(status, job.status)) tx.updateStatus(Job, { ...job, status })
    }
    const hasStrays = own.length < tasks.length && tasks.some(task => isStray(task, job))
    return { before: job, plan, made, hasStrays, ...(refused === undefined ? {} : { refused }) }
  })
}

function carryOut(tx: Transaction, job: Job, action: Exclude<JobAction, { kind: 'create' }>): void {
  switch (action.kind) {
    case 'count':
      return letGo(tx, JOB_FINALIZER, action.task)
    case 'delete':
      tx.delete(Task, action.task.metadata)
      return letGo(tx, JOB_FINALIZER, action.task)
    case 'forget':
      tx.delete(Task, action.task.metadata)
      return
    case 'expire':
      tx.delete(Job, job.metadata)
  }
}

/** Of all jobs of that name, those that are gone among them. */
function tasksOfName(reader: Reader, { namespace = '', name }: ObjectRef): readonly Task[] {
  return reader.list(Task, { namespace, index: { name: 'job', value: name } }).items
}

function hasStrays(reader: Reader, ref: ObjectRef, job: Job | undefined): boolean {
  return tasksOfName(reader, ref).some(task => isStray(task, job))
}

/** Held for a job that is gone or going, or another one; or ended, and kept for its sake. */
function isStray(task: Task, job: Job | undefined): boolean {
  const owner = controllerOf(task)
  const isOurs = job !== undefined && owner?.uid === job.metadata.uid
  if (isOurs) return job.metadata.deletionTimestamp !== undefined && isTrackedTask(task)
  return isTrackedTask(task) || isLeftover(task)
}

function isLeftover(task: Task): boolean {
  const isKept = isTaskFinished(task) && task.metadata.deletionTimestamp === undefined
  return isKept && controllerOf(task)?.kind === Job.kind
}

/** What runs is left to the garbage collector. */
async function letGoStrays(client: Client, ref: ObjectRef): Promise<void> {
  await client.transact(tx => {
    const job = tx.get(Job, ref)
    for (const task of tasksOfName(tx, ref)) {
      if (!isStray(task, job)) continue
      if (isLeftover(task) && controllerOf(task)?.uid !== job?.metadata.uid) tx.delete(Task, task.metadata)
      letGo(tx, JOB_FINALIZER, task)
    }
  })
}

/** A new task of the job; the store picks the end of its name. */
function taskFrom(
  job: Job,
  index: number | undefined,
): ObjectInput<Task['spec'], NonNullable<Task['status']>> {
  const { name, namespace } = job.metadata
  const { template } = job.spec
  const base = index === undefined ? name : `${name}-${index}`
  const annotations = { ...template.metadata?.annotations, [JOB_NAME_ANNOTATION]: name }
  return {
    metadata: {
      generateName: `${base}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: template.metadata?.labels ?? {},
      annotations: index === undefined ? annotations : { ...annotations, [JOB_INDEX_ANNOTATION]: `${index}` },
      ownerReferences: [controllerReference(Job, job)],
      finalizers: [JOB_FINALIZER],
    },
    spec: index === undefined ? template.spec : indexedSpec(template.spec, base, index),
  }
}

const HOSTNAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** It learns its index from `JOB_COMPLETION_INDEX`, as in Kubernetes. */
function indexedSpec(spec: Task['spec'], hostname: string, index: number): Task['spec'] {
  const env = (spec.env ?? []).filter(({ name }) => name !== 'JOB_COMPLETION_INDEX')
  return {
    ...spec,
    env: [...env, { name: 'JOB_COMPLETION_INDEX', value: `${index}` }],
    ...(HOSTNAME.test(hostname) ? { hostname } : {}),
  }
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
