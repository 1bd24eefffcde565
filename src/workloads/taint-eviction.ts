import type { Node, Task } from '../api/index.js'
import { findCondition, isTaskActive } from '../api/index.js'
import type { Taint } from '../core/index.js'
import { parseTime } from '../core/index.js'
import { toleratedSeconds } from '../core/internal.js'

/** What the taints of a node ask for. */
export interface TaintEvictions {
  /** Tasks that go now, with the taint that they do not tolerate, or no longer. */
  readonly evict: readonly { readonly task: Task; readonly taint: Taint }[]
  /** When the next goes. Epoch ms; +∞ when none does. */
  readonly nextMs: number
}

/**
 * Which tasks leave a node because of its `NoExecute` taints: at once what does not tolerate one of them, and what tolerates
 * it for a time when that is over, counted from `timeAdded`, or from when the task came to the node if that was later; a
 * taint without a time has come now. As Kubernetes' taint eviction controller. Pure.
 *
 * @param waitMs how long a task that would go stays nevertheless, from now. Default: 0
 */
export function planTaintEvictions(
  node: Node,
  tasks: readonly Task[],
  nowMs: number,
  waitMs: (task: Task) => number = () => 0,
): TaintEvictions {
  const taints = (node.spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
  const evict: { task: Task; taint: Taint }[] = []
  let nextMs = Number.POSITIVE_INFINITY
  for (const task of taints.length === 0 ? [] : tasks.filter(isTaskActive)) {
    let [atMs, because] = [Number.POSITIVE_INFINITY, taints[0]]
    for (const taint of taints) {
      const leavesMs = leavesAtMs(task, taint, nowMs)
      if (leavesMs < atMs) [atMs, because] = [leavesMs, taint]
    }
    if (atMs < Number.POSITIVE_INFINITY) atMs = Math.max(atMs, nowMs + waitMs(task))
    if (atMs <= nowMs && because !== undefined) evict.push({ task, taint: because })
    else nextMs = Math.min(nextMs, atMs)
  }
  return { evict, nextMs }
}

function leavesAtMs(task: Task, taint: Taint, nowMs: number): number {
  const seconds = toleratedSeconds(taint, task.spec.tolerations ?? [])
  if (seconds === undefined) return Number.NEGATIVE_INFINITY
  const addedMs = taint.timeAdded === undefined ? nowMs : parseTime(taint.timeAdded)
  // A clock that was put back begins it again.
  return Math.min(Math.max(addedMs, boundAtMs(task)), nowMs) + seconds * 1000
}

/** When the task came to its node; what no scheduler has placed was made there. */
function boundAtMs({ metadata, status }: Task): number {
  const scheduled = findCondition(status?.conditions, 'Scheduled')
  const bound = scheduled?.status === 'True' ? scheduled.lastTransitionTime : metadata.creationTimestamp
  return parseTime(bound)
}

/** The taints with the time at which each `NoExecute` one was seen first; undefined when all have one. */
export function withTimeAdded(node: Node, now: string): readonly Taint[] | undefined {
  const { taints = [] } = node.spec
  const isOpen = ({ effect, timeAdded }: Taint): boolean =>
    effect === 'NoExecute' && (timeAdded === undefined || parseTime(timeAdded) > parseTime(now))
  if (!taints.some(isOpen)) return undefined
  return taints.map(taint => (isOpen(taint) ? { ...taint, timeAdded: now } : taint))
}
