import type { Task } from '../api/index.js'

/**
 * Whether a loop still holds a task. Its finalizer keeps the object until its end is counted, in the transaction that lets
 * it go: so each end counts once, whoever deletes the task, and whenever.
 */
export function isHeldBy(finalizer: string, { metadata }: Task): boolean {
  return metadata.finalizers.includes(finalizer)
}

/** True when somebody else holds the object too, such as a node as long as the process may run. */
export function isHeldByOthers(finalizer: string, { metadata }: Task): boolean {
  return metadata.finalizers.some(name => name !== finalizer)
}
