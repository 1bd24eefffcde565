import { findCondition, isConditionTrue, type Task } from '../api/index.js'
import { parseTime } from '../core/index.js'

/**
 * Active tasks in the order in which a shrinking set gives them up, first to go first: unassigned before
 * assigned, pending before running, not ready before ready, from the fullest node, then the one that became
 * ready last, the newest, and by name. Kubernetes' ranking (`controller_utils.go`, ActivePodsWithRanks).
 */
export function scaleDownOrder(tasks: readonly Task[]): readonly Task[] {
  const siblings = new Map<string, number>()
  for (const task of tasks) {
    const node = task.spec.nodeName
    if (node !== undefined) siblings.set(node, (siblings.get(node) ?? 0) + 1)
  }
  return tasks
    .map(task => ({ task, rank: rankOf(task, siblings) }))
    .sort(compareRanks)
    .map(entry => entry.task)
}

interface Ranked {
  readonly task: Task
  readonly rank: readonly number[]
}

/** Smaller goes first. */
function rankOf(task: Task, siblings: ReadonlyMap<string, number>): readonly number[] {
  const ready = findCondition(task.status?.conditions, 'Ready')
  return [
    task.spec.nodeName === undefined ? 0 : 1,
    task.status?.phase === 'Running' ? 1 : 0,
    isConditionTrue(task.status?.conditions, 'Ready') ? 1 : 0,
    task.spec.nodeName === undefined ? 0 : -(siblings.get(task.spec.nodeName) ?? 0),
    ready?.status === 'True' ? -parseTime(ready.lastTransitionTime) : 0,
    -parseTime(task.metadata.creationTimestamp),
  ]
}

function compareRanks(a: Ranked, b: Ranked): number {
  for (const [index, value] of a.rank.entries()) {
    const difference = value - (b.rank[index] ?? 0)
    if (difference !== 0) return difference
  }
  return a.task.metadata.name < b.task.metadata.name ? -1 : 1
}
