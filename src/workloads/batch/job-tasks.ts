import type { Task } from '../../api/index.js'
import { isTaskFinished, JOB_INDEX_ANNOTATION } from '../../api/index.js'
import { isHeldBy, isHeldByOthers } from '../held-task.js'

/** Held by each task of a job until the job has counted it. */
export const JOB_FINALIZER = 'keelson.dev/job'

const ZERO = 0x30

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
  const active: Task[] = []
  const terminating: Task[] = []
  const ended: Task[] = []
  const lost: Task[] = []
  const counted: Task[] = []
  for (const task of tasks) {
    const isTracked = isTrackedTask(task)
    if (isTaskFinished(task)) (isTracked ? ended : counted).push(task)
    else if (task.metadata.deletionTimestamp === undefined) active.push(task)
    else (isTracked && !staysWhenDeleted(task) ? lost : terminating).push(task)
  }
  return { active, terminating, ended: ended.sort(byEnd), lost, counted }
}

export function isTrackedTask(task: Task): boolean {
  return isHeldBy(JOB_FINALIZER, task)
}

/** True when somebody else holds the object too, such as a node as long as the process may run. */
export function staysWhenDeleted(task: Task): boolean {
  return isHeldByOthers(JOB_FINALIZER, task)
}

/** The completion index of a task; undefined when it has none. */
export function jobIndexOf({ metadata }: Task): number | undefined {
  const text = metadata.annotations[JOB_INDEX_ANNOTATION]
  if (text === undefined || text === '' || text.length > 10) return undefined
  let index = 0
  // Each look at a job asks each of its tasks; a pattern takes several times as long.
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return undefined
    index = index * 10 + digit
  }
  return index
}
