import { isTaskFinished, JOB_INDEX_ANNOTATION, JOB_NAME_ANNOTATION, Job, Task } from '../../api/index.js'
import type { KeelsonError } from '../../core/index.js'
import { deepEqual } from '../../core/internal.js'
import { controllerOf, controllerReference } from '../../reconcile/index.js'
import type { Client, ObjectInput, ObjectRef, Reader, Transaction } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { JobAction } from '../batch/job-action.js'
import type { JobLimits, JobPlan } from '../batch/job-plan.js'
import { planTalliedJob } from '../batch/job-plan.js'
import { JobTally } from '../batch/job-tally.js'
import { isTrackedTask, JOB_FINALIZER } from '../batch/job-tasks.js'
import { letGo } from './let-go.js'
import { transactWithinQuota } from './within-quota.js'

/** What came of one pass over one job. */
export interface JobPass {
  readonly before: Job
  readonly plan: JobPlan
  /** Names of tasks. */
  readonly made: readonly string[]
  /** Why fewer were made than are missing: the template is not acceptable, or a quota is used up. */
  readonly refused?: KeelsonError
  /** Others are there under its name. */
  readonly hasStrays: boolean
}

/** The tasks of a job, and which job that is: another may have its name. */
interface OwnTally {
  readonly uid: string
  readonly tally: JobTally
}

/** How one job is worked on. */
export interface JobSite {
  readonly limits: JobLimits
  /** From one pass to the next; by the job, until it is gone. */
  readonly tallies: Map<string, OwnTally>
}

/** Carries out one plan in one transaction; nothing when the job is gone, or going. */
export function syncJob(
  client: Client,
  ref: ObjectRef,
  { limits, tallies }: JobSite,
  nowMs: number,
): Promise<JobPass | undefined> {
  return transactWithinQuota(client, (tx, making) => {
    const job = tx.get(Job, ref)
    if (job === undefined || job.metadata.deletionTimestamp !== undefined) return undefined
    const tally = tallyOf(tallies, job).update(tasksOfName(tx, ref))
    const plan = planTalliedJob(job, tally, limits, nowMs)
    const made: string[] = []
    let refused: KeelsonError | undefined
    for (const action of plan.actions) {
      if (action.kind !== 'create') carryOut(tx, job, action)
      else if (refused === undefined) {
        const one = making.make(() => tx.create(Task, taskFrom(job, action.index)))
        if (one.refused === undefined) made.push(one.object.metadata.name)
        else refused = one.refused
      }
    }
    if (!plan.actions.some(({ kind }) => kind === 'expire')) {
      const unmade = plan.actions.filter(({ kind }) => kind === 'create').length - made.length
      const status = unmade === 0 ? plan.status : { ...plan.status, active: plan.status.active - unmade }
      // To the store an equal status is a no-op too, but one that has to be copied and checked first.
      if (!deepEqual(status, job.status)) tx.updateStatus(Job, { ...job, status })
    }
    const hasStrays = tally.of('foreign').some(task => isStray(task, job))
    return { before: job, plan, made, hasStrays, ...(refused === undefined ? {} : { refused }) }
  })
}

function tallyOf(tallies: JobSite['tallies'], { metadata }: Job): JobTally {
  const { uid } = metadata
  const id = refText(metadata)
  const known = tallies.get(id)
  if (known?.uid === uid) return known.tally
  const tally = new JobTally(task => controllerOf(task)?.uid === uid)
  tallies.set(id, { uid, tally })
  return tally
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

/** Whether there are tasks under the name of a job that is gone, or going, or another one. */
export function hasStrays(reader: Reader, ref: ObjectRef, job: Job | undefined): boolean {
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
export async function letGoStrays(client: Client, ref: ObjectRef): Promise<void> {
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
