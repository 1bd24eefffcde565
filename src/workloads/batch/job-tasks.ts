import type { Task } from '../../api/index.js'
import { isTaskFinished, JOB_INDEX_ANNOTATION } from '../../api/index.js'

/** Held by each task of a job until the job has counted it. */
export const JOB_FINALIZER = 'keelson.dev/job'

/** The tasks of a job by what is known of them. */
export interface JobTasks {
  readonly active: readonly Task[]
  /** Somebody has deleted them, and they may still run: they hold their place. */
  readonly terminating: readonly Task[]
  /** Ended, and not counted yet; in the order in which they ended. */
  readonly ended: readonly Task[]
  /** Somebody has deleted them before they ended, and they run no more: neither a success nor a failure. */
  readonly lost: readonly Task[]
  /** Counted, and kept to look at. */
  readonly counted: readonly Task[]
}

export function sortJobTasks(tasks: readonly Task[], byEnd: (a: Task, b: Task) => number): JobTasks {
  const [active, terminating, ended, lost, counted]: Task[][] = [[], [], [], [], []]
  for (const task of tasks) {
    const isTracked = isTrackedTask(task)
    const isDeleting = task.metadata.deletionTimestamp !== undefined
    if (isTaskFinished(task)) (isTracked ? ended : counted)?.push(task)
    else if (!isDeleting) active?.push(task)
    else if (isTracked && !staysWhenDeleted(task)) lost?.push(task)
    else terminating?.push(task)
  }
  return {
    active: active ?? [],
    terminating: terminating ?? [],
    ended: (ended ?? []).sort(byEnd),
    lost: lost ?? [],
    counted: counted ?? [],
  }
}

export function isTrackedTask({ metadata }: Task): boolean {
  return metadata.finalizers.includes(JOB_FINALIZER)
}

/** True when somebody else holds the object too, such as a node as long as the process may run. */
export function staysWhenDeleted({ metadata }: Task): boolean {
  return metadata.finalizers.some(name => name !== JOB_FINALIZER)
}

/** The completion index of a task; undefined when it has none. */
export function jobIndexOf({ metadata }: Task): number | undefined {
  const text = metadata.annotations[JOB_INDEX_ANNOTATION]
  return text === undefined || !/^\d{1,10}$/.test(text) ? undefined : Number(text)
}
