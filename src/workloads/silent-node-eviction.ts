import type { Node, Task } from '../api/index.js'
import type { Taint } from '../core/index.js'
import { isTolerated, OUT_OF_SERVICE_TAINT, toleratedSeconds, UNREACHABLE_TAINT } from '../core/internal.js'
import { NODE_AGENT_FINALIZER } from './node-agent-names.js'

const SILENCE: Taint = { key: UNREACHABLE_TAINT, effect: 'NoExecute' }

/**
 * From the moment a node is unknown to the eviction of a task on it, ms: as long as the task tolerates
 * `keelson.dev/unreachable:NoExecute`, +∞ among it; or `evictAfterMs`, if it says nothing; at once, if somebody has said
 * that the node is out of service.
 */
function evictionDelayMs(task: Task, node: Node | undefined, evictAfterMs: number): number {
  const { tolerations = [] } = task.spec
  const fence = fenceOf(node)
  if (fence !== undefined && !isTolerated(fence, tolerations)) return 0
  const seconds = toleratedSeconds(SILENCE, tolerations)
  return seconds === undefined ? evictAfterMs : seconds * 1000
}

/**
 * Whether the object of a task may go although its node has not said that it has stopped: another is made then. A node
 * that is removed, or out of service, runs nothing.
 */
export function mayReplace({ spec }: Task, node: Node | undefined): boolean {
  return spec.replaceWhenLost !== false || node === undefined || fenceOf(node) !== undefined
}

/** The tasks whose eviction changes something, of those that have waited long enough; and when the next has, ms. */
export function dueEvictions(
  tasks: readonly Task[],
  node: Node | undefined,
  { evictAfterMs, silentForMs }: { readonly evictAfterMs: number; readonly silentForMs: number },
): { readonly due: readonly Task[]; readonly nextMs: number } {
  const due: Task[] = []
  let nextMs = Number.POSITIVE_INFINITY
  for (const task of tasks) {
    if (!isEvictable(task, node)) continue
    const delayMs = node === undefined ? 0 : evictionDelayMs(task, node, evictAfterMs)
    if (delayMs <= silentForMs) due.push(task)
    else nextMs = Math.min(nextMs, delayMs)
  }
  return { due, nextMs }
}

/** When the first of the tasks is evicted, after the node is unknown; `evictAfterMs` when none ever is. */
export function firstEvictionMs(
  tasks: readonly Task[],
  node: Node | undefined,
  evictAfterMs: number,
): number {
  const { nextMs } = dueEvictions(tasks, node, { evictAfterMs, silentForMs: -1 })
  return Number.isFinite(nextMs) ? nextMs : evictAfterMs
}

function isEvictable(task: Task, node: Node | undefined): boolean {
  const { deletionTimestamp, finalizers } = task.metadata
  return (
    deletionTimestamp === undefined || (finalizers.includes(NODE_AGENT_FINALIZER) && mayReplace(task, node))
  )
}

function fenceOf(node: Node | undefined): Taint | undefined {
  return node?.spec.taints?.find(({ key, effect }) => key === OUT_OF_SERVICE_TAINT && effect === 'NoExecute')
}
