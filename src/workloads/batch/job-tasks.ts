import type { Task } from '../../api/index.js'
import { JOB_INDEX_ANNOTATION } from '../../api/index.js'
import { isHeldBy, isHeldByOthers } from '../held-task.js'

/** Held by each task of a job until the job has counted it. */
export const JOB_FINALIZER = 'keelson.dev/job'

const ZERO = 0x30

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
  // A pattern takes several times as long.
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return undefined
    index = index * 10 + digit
  }
  return index
}
