import type { ReplicaSet, ReplicaSetStatus, Task } from '../api/index.js'
import { findCondition, isTaskActive, isTaskFinished } from '../api/index.js'
import { parseTime } from '../core/index.js'
import { compareText } from '../core/internal.js'
import type { CrashBackoff } from './crash-backoff.js'
import { crashBackoffUntil, noteCrashes } from './crash-backoff.js'
import { scaleDownOrder } from './scale-down-order.js'

/** What one look at a replica set asks for. */
export interface ReplicaPlan {
  /** How many tasks to make. */
  readonly create: number
  /** Tasks to delete: surplus ones, and ended ones beyond the history. */
  readonly remove: readonly Task[]
  /** When to look again although nothing changed. */
  readonly wakeAtMs?: number
  /** Why fewer tasks are made than are missing. */
  readonly blockers: readonly ReplicaBlocker[]
  /** What to keep in the status about crashes: without it, each is new the next time. Absent before the first. */
  readonly crashes?: NonNullable<ReplicaSetStatus['crashes']>
}

/** Something that holds the set back. */
export type ReplicaBlocker =
  | { readonly kind: 'crash-backoff'; readonly untilMs: number; readonly missing: number }
  | { readonly kind: 'burst'; readonly missing: number }

/** Bounds of the replica loop. */
export interface ReplicaLimits {
  /** Most tasks made or deleted in one pass; the rest follows in the next. Default 500. */
  readonly burst: number
  /** Ended tasks that are kept to look at. Default 5, as SwarmKit. */
  readonly historyLimit: number
  readonly backoff: CrashBackoff
}

/** Decides what a replica set needs now. Pure: equal inputs, equal plan, whatever the order of `tasks`. */
export function planReplicas(
  set: ReplicaSet,
  tasks: readonly Task[],
  limits: ReplicaLimits,
  nowMs: number,
): ReplicaPlan {
  const active = tasks.filter(isTaskActive)
  const forgotten = expiredHistory(tasks, limits.historyLimit)
  const leaving = new Set(forgotten.filter(({ metadata }) => metadata.finalizers.length === 0))
  const noted = noteCrashes(set.status?.crashes, { tasks, leaving }, limits.backoff, nowMs)
  const crashes = noted === undefined ? {} : { crashes: noted }
  const missing = set.spec.replicas - active.length
  if (missing <= 0) {
    const readyByMs = nowMs - (set.spec.minReadySeconds ?? 0) * 1000
    const surplus = scaleDownOrder(active, readyByMs).slice(0, Math.min(-missing, limits.burst))
    return { create: 0, remove: [...forgotten, ...surplus], blockers: [], ...crashes }
  }
  const untilMs = crashBackoffUntil(noted, limits.backoff)
  if (untilMs !== undefined && untilMs > nowMs) {
    const blockers: ReplicaBlocker[] = [{ kind: 'crash-backoff', untilMs, missing }]
    return { create: 0, remove: forgotten, wakeAtMs: untilMs, blockers, ...crashes }
  }
  const create = Math.min(missing, limits.burst)
  const blockers: ReplicaBlocker[] = create < missing ? [{ kind: 'burst', missing: missing - create }] : []
  const later = create < missing ? { wakeAtMs: nowMs } : {}
  return { create, remove: forgotten, blockers, ...later, ...crashes }
}

/** Ended tasks beyond the newest `limit`. */
function expiredHistory(tasks: readonly Task[], limit: number): readonly Task[] {
  const ended = tasks.filter(task => isTaskFinished(task) && task.metadata.deletionTimestamp === undefined)
  if (ended.length <= limit) return []
  const newestFirst = ended.sort(
    (a, b) => finishMs(b) - finishMs(a) || compareText(a.metadata.name, b.metadata.name),
  )
  return newestFirst.slice(limit)
}

/** A failed task that counts as long as it is kept. */
export function isFailure(task: Task): boolean {
  return task.status?.phase === 'Failed' && task.metadata.deletionTimestamp === undefined
}

function finishMs(task: Task): number {
  return parseTime(task.status?.finishTime ?? task.metadata.creationTimestamp)
}

/**
 * The status of a set whose tasks are these, and when it changes by the passing of time alone.
 *
 * @param kept what the status remembers of tasks that are gone. Default: as it says
 */
export function replicaStatus(
  set: ReplicaSet,
  tasks: readonly Task[],
  nowMs: number,
  kept: Pick<ReplicaSetStatus, 'forgottenFailures' | 'crashes'> = set.status ?? {},
): { readonly status: ReplicaSetStatus; readonly wakeAtMs?: number } {
  const minReadyMs = (set.spec.minReadySeconds ?? 0) * 1000
  const { forgottenFailures = 0, crashes } = kept
  let [readyReplicas, availableReplicas, terminatingReplicas, replicas] = [0, 0, 0, 0]
  let failed = forgottenFailures
  let wakeAtMs = Number.POSITIVE_INFINITY
  for (const task of tasks) {
    if (isFailure(task)) failed += 1
    if (task.metadata.deletionTimestamp !== undefined && !isTaskFinished(task)) terminatingReplicas += 1
    if (!isTaskActive(task)) continue
    replicas += 1
    const ready = findCondition(task.status?.conditions, 'Ready')
    if (ready?.status !== 'True') continue
    readyReplicas += 1
    const availableAtMs = parseTime(ready.lastTransitionTime) + minReadyMs
    if (availableAtMs <= nowMs) availableReplicas += 1
    else wakeAtMs = Math.min(wakeAtMs, availableAtMs)
  }
  const status = {
    observedGeneration: set.metadata.generation,
    replicas,
    readyReplicas,
    availableReplicas,
    terminatingReplicas,
    failedReplicas: failed,
    ...(forgottenFailures === 0 ? {} : { forgottenFailures }),
    ...(crashes === undefined ? {} : { crashes }),
  }
  return wakeAtMs === Number.POSITIVE_INFINITY ? { status } : { status, wakeAtMs }
}
