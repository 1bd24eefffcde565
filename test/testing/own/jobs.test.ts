import type { JobSpec } from '../../../src/api/index.js'
import {
  CronJob,
  isJobFinished,
  isTaskFinished,
  JOB_INDEX_ANNOTATION,
  Job,
  SCHEDULED_TIME_ANNOTATION,
  Task,
} from '../../../src/api/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { controllerOf, createController, createGarbageCollector } from '../../../src/reconcile/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { Invariant } from '../../../src/testing/index.js'
import { createCronJobController, createJobController } from '../../../src/workloads/index.js'
import { kubelet } from './neighbours.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { onChange, whenAtRest } from './write-law.js'

function job(spec: Partial<JobSpec>): ObjectInput {
  return {
    kind: 'Job',
    metadata: { namespace: 'default', name: 'sums' },
    spec: { template: { spec: { command: ['sum'] } }, ...spec },
  }
}

const indexOf = ({ metadata }: Task): number => Number(metadata.annotations[JOB_INDEX_ANNOTATION])

const oneTaskPerIndex = onChange('no index has two tasks at once', Task, ({ now }, { reader }) => {
  const owner = now && controllerOf(now)
  if (now === undefined || owner === undefined || isTaskFinished(now)) return true
  const same = reader
    .list(Task)
    .items.filter(task => controllerOf(task)?.uid === owner.uid && indexOf(task) === indexOf(now))
  return same.filter(task => !isTaskFinished(task)).length === 1
})

/** Every end that was ever reported counts once: no more is counted at any time, and no less at rest. */
function countsEachEnd(phase: 'Succeeded' | 'Failed', counted: (job: Job) => number): Invariant {
  return {
    name: `each task that ${phase.toLowerCase()} is counted once`,
    begin: () => {
      const ended = new Map<string, Set<string>>()
      return {
        step: ({ reader, changes }) => {
          for (const { after } of changes) {
            const task = after as Task | undefined
            const owner = task?.kind === 'Task' ? controllerOf(task) : undefined
            if (task?.status?.phase !== phase || owner === undefined) continue
            ended.set(owner.uid, (ended.get(owner.uid) ?? new Set()).add(task.metadata.uid))
          }
          const wrong = reader.list(Job).items.find(one => {
            const uids = ended.get(one.metadata.uid) ?? new Set()
            const waiting = reader
              .list(Task)
              .items.filter(
                ({ metadata }) => uids.has(metadata.uid) && metadata.finalizers.includes('keelson.dev/job'),
              )
            return counted(one) !== uids.size - waiting.length
          })
          return wrong && `${counted(wrong)} counted`
        },
      }
    },
  }
}

const isOver = (reader: Reader): boolean => reader.list(Job).items.every(isJobFinished)
const objectsOf = (spec: Partial<JobSpec>): readonly ObjectInput[] => [job(spec)]
const counting = [
  countsEachEnd('Succeeded', ({ status }) => status?.succeeded ?? 0),
  countsEachEnd('Failed', ({ status }) => status?.failed ?? 0),
]
/** Ended tasks that somebody deleted are not made again. */
const compared = (object: StoredObject): StoredObject | undefined =>
  object.kind === Task.kind ? undefined : object

const cases: readonly OwnCase[] = [
  {
    name: 'a job of three, two at a time',
    make: () => [createJobController({ historyLimit: 1 }), kubelet({ succeeds: () => true })],
    options: {
      kinds: [Job, Task],
      objects: objectsOf({ completions: 3, parallelism: 2 }),
      compared,
      invariants: [...counting, whenAtRest('the job has ended', isOver)],
    },
    share: 0.5,
  },
  {
    name: 'an indexed job of which one index fails',
    make: () => [
      createJobController({ burst: 2 }),
      kubelet({ succeeds: task => indexOf(task) !== 1, fails: task => indexOf(task) === 1 }),
    ],
    options: {
      kinds: [Job, Task],
      objects: objectsOf({
        completionMode: 'Indexed',
        completions: 3,
        parallelism: 2,
        backoffLimitPerIndex: 1,
      }),
      compared,
      // Another number of completions would be another job.
      faults: { edit: { target: ({ label }) => label.includes('parallelism') } },
      invariants: [oneTaskPerIndex, ...counting, whenAtRest('the job has ended', isOver)],
    },
    share: 0.5,
  },
]

const cronJob: ObjectInput = {
  kind: 'CronJob',
  metadata: { namespace: 'default', name: 'report' },
  spec: {
    schedule: '* * * * *',
    catchUp: 'all',
    concurrencyPolicy: 'Forbid',
    jobTemplate: { spec: { template: { spec: { command: ['report'] } } } },
  },
}

/** Between two times there is another one: none is left out, and none comes twice. */
const everyMinuteOnce: Invariant = {
  name: 'each minute has one run, in order',
  begin: () => {
    const last = new Map<string, number>()
    return {
      step: ({ changes }) => {
        for (const { before, after } of changes) {
          const owner = after?.kind === 'Job' && before === undefined ? controllerOf(after) : undefined
          if (after === undefined || owner === undefined) continue
          const time = Date.parse(after.metadata.annotations[SCHEDULED_TIME_ANNOTATION] ?? '')
          const known = last.get(owner.uid)
          if (known !== undefined && time !== known + 60_000) return `${time - known} ms between two runs`
          last.set(owner.uid, time)
        }
        return undefined
      },
    }
  },
}

const oneAtATime = onChange('one run at a time', Job, ({ now }, { reader }) => {
  if (now === undefined || controllerOf(now) === undefined) return true
  return reader.list(Job).items.filter(one => !isJobFinished(one)).length <= 1
})

/** A world that makes a job each minute comes to rest when somebody ends it: after the third. */
const closing = (): Controller =>
  createController({
    name: 'closing',
    for: CronJob,
    async reconcile(ref, cron, { client }) {
      const { lastScheduleTime = '' } = cron?.status ?? {}
      if (cron?.spec.suspend === true || lastScheduleTime < '2026-01-01T00:03') return
      await client.modify(CronJob, ref, draft => void (draft.spec.suspend = true))
    },
  })

const scheduled: OwnCase = {
  name: 'a job each minute, one after the other',
  make: () => [
    createCronJobController(),
    createJobController(),
    createGarbageCollector({ kinds: [CronJob, Job, Task] }),
    kubelet({ succeeds: () => true }),
    closing(),
  ],
  options: {
    kinds: [CronJob, Job, Task],
    objects: [cronJob],
    // How late the world is when it closes depends on what happened.
    compared: () => undefined,
    invariants: [everyMinuteOnce, oneAtATime, whenAtRest('each job has ended', isOver)],
  },
  share: 0.2,
}

runUnderCheck([...cases, scheduled])
