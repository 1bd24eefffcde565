import type { JobSpec } from '../../../src/api/index.js'
import { isJobFinished, isTaskFinished, JOB_INDEX_ANNOTATION, Job, Task } from '../../../src/api/index.js'
import { controllerOf } from '../../../src/reconcile/index.js'
import type { ObjectInput, Reader, StoredObject } from '../../../src/store/index.js'
import type { Invariant } from '../../../src/testing/index.js'
import { createJobController } from '../../../src/workloads/index.js'
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

runUnderCheck(cases)
