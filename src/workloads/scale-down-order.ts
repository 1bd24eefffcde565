import type { Task } from '../api/index.js'
import { findCondition, isConditionTrue } from '../api/index.js'
import { parseTime } from '../core/index.js'
import { compareText } from '../core/internal.js'

/**
 * Active tasks in the order in which a shrinking set gives them up, first to go first: unassigned before
 * assigned, pending before running, not ready before ready, not yet available before available, from the fullest
 * node, then the one that became ready last, the newest, and by name. Kubernetes' ranking (`controller_utils.go`,
 * ActivePodsWithRanks), except that Kubernetes does not ask for availability.
 *
 * @param readyByMs a task that became ready later is not available yet. Epoch ms; default: ready is available
 */
export function scaleDownOrder(
  tasks: readonly Task[],
  readyByMs: number = Number.POSITIVE_INFINITY,
): readonly Task[] {
  const siblings = new Map<string, number>()
  for (const task of tasks) {
    const node = task.spec.nodeName
    if (node !== undefined) siblings.set(node, (siblings.get(node) ?? 0) + 1)
  }
  return tasks
    .map(task => ({ task, rank: rankOf(task, siblings, readyByMs) }))
    .sort(compareRanks)
    .map(entry => entry.task)
}

interface Ranked {
  readonly task: Task
  readonly rank: readonly number[]
}

/** Smaller goes first. */
function rankOf(task: Task, siblings: ReadonlyMap<string, number>, readyByMs: number): readonly number[] {
  const ready = findCondition(task.status?.conditions, 'Ready')
  const readySinceMs = ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : 0
  return [
    task.spec.nodeName === undefined ? 0 : 1,
    task.status?.phase === 'Running' ? 1 : 0,
    isConditionTrue(task.status?.conditions, 'Ready') ? 1 : 0,
    readySinceMs <= readyByMs ? 1 : 0,
    task.spec.nodeName === undefined ? 0 : -(siblings.get(task.spec.nodeName) ?? 0),
    -readySinceMs,
    -parseTime(task.metadata.creationTimestamp),
  ]
}

function compareRanks(a: Ranked, b: Ranked): number {
  for (const [index, value] of a.rank.entries()) {
    const difference = value - (b.rank[index] ?? 0)
    if (difference !== 0) return difference
  }
  return compareText(a.task.metadata.name, b.task.metadata.name)
}
