import type { Task } from '../api/index.js'
import { isConditionTrue, isTaskActive } from '../api/index.js'
import { compareText } from '../core/internal.js'

/**
 * The tasks of a node that are still to be evicted, in order: first those that are not ready, since they are no loss to
 * anybody; then the least important, by `priority`; then by namespace and name.
 */
export function drainOrder(tasks: readonly Task[]): readonly Task[] {
  return tasks
    .filter(isTaskActive)
    .sort(
      (a, b) => rankOf(a) - rankOf(b) || priorityOf(a) - priorityOf(b) || compareText(nameOf(a), nameOf(b)),
    )
}

function rankOf({ status }: Task): number {
  return isConditionTrue(status?.conditions, 'Ready') ? 1 : 0
}

function priorityOf({ spec }: Task): number {
  return spec.priority ?? 0
}

function nameOf({ metadata }: Task): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}
