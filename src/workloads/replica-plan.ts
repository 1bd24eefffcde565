import type { ReplicaSet, ReplicaSetStatus, Task } from '../api/index.js'
import { findCondition, isTaskActive, isTaskFinished } from '../api/index.js'
import { parseTime } from '../core/index.js'
import { compareText } from '../core/internal.js'
import type { CrashBackoff, CrashRecord } from './crash-backoff.js'
import { crashBackoffUntil, heldByCrashes, noteCrashes, withWaiting } from './crash-backoff.js'
import type { ScaleDownVictim } from './scale-down-order.js'
import { scaleDownOrder } from './scale-down-order.js'

/** What one look at a replica set asks for. */
export interface ReplicaPlan {
  /** How many tasks to make. */
  readonly create: number
  /** Tasks to delete: surplus ones, and ended ones beyond the history. */
  readonly remove: readonly Task[]
  /** Why the surplus ones are those, first to go first. Empty when none is. */
  readonly victims: readonly ScaleDownVictim[]
  /** When to look again although nothing changed. */
  readonly wakeAtMs?: number
  /** Why fewer tasks are made than are missing. */
  readonly blockers: readonly ReplicaBlocker[]
  /** What to keep in the status about crashes: without it, each is new the next time. Absent before the first. */
  readonly crashes?: NonNullable<ReplicaSetStatus['crashes']>
}

/** Something that holds the set back. */
export type ReplicaBlocker =
  | {
      readonly kind: 'crash-backoff'
      readonly untilMs: number
      /** Tasks held back; what else is missing is made. */
      readonly missing: number
      /** Names of the crashed tasks that are still there, in order. */
      readonly crashed: readonly string[]
    }
  | { readonly kind: 'burst'; readonly missing: number }

/** Bounds of the replica loop. */
export interface ReplicaLimits {
  /** Most tasks made or deleted in one pass, ended ones first; the rest follows in the next. Default 500. */
  readonly burst: number
  /** Ended tasks that are kept to look at. Default 5, as SwarmKit. */
  readonly historyLimit: number
  readonly backoff: CrashBackoff
}

/** What is there. */
export interface ReplicaView {
  /** Those that the set controls. */
  readonly tasks: readonly Task[]
  /** Asked only when the set shrinks: active tasks of all sets of the same owner. Default: `tasks`. */
  readonly siblings?: () => Iterable<Task>
}

/** Decides what a replica set needs now. Pure: equal inputs, equal plan, whatever the order of the tasks. */
export function planReplicas(
  set: ReplicaSet,
  { tasks, siblings }: ReplicaView,
  limits: ReplicaLimits,
  nowMs: number,
): ReplicaPlan {
  const active = tasks.filter(isTaskActive)
  const expired = expiredHistory(tasks, limits.historyLimit)
  const forgotten = expired.slice(-limits.burst)
  const room = limits.burst - forgotten.length
  const leaving = new Set(forgotten.filter(({ metadata }) => metadata.finalizers.length === 0))
  const noted = noteCrashes(set.status?.crashes, { tasks, leaving }, limits.backoff, nowMs)
  const missing = set.spec.replicas - active.length
  const untilMs = crashBackoffUntil(noted, limits.backoff)
  const held = heldByCrashes(noted, untilMs, missing, nowMs)
  const crashes = noted === undefined ? {} : { crashes: withWaiting(noted, held) }
  if (missing <= 0) {
    const isPartial = expired.length - missing > limits.burst
    const victims = scaleDownOrder(active, Math.min(-missing, room), {
      nowMs,
      readyByMs: nowMs - (set.spec.minReadySeconds ?? 0) * 1000,
      ...(siblings === undefined || missing === 0 ? {} : { siblings: siblings() }),
    })
    const remove = [...forgotten, ...victims.map(({ task }) => task)]
    return { create: 0, remove, victims, blockers: [], ...(isPartial ? { wakeAtMs: nowMs } : {}), ...crashes }
  }
  const create = Math.min(missing - held, room)
  const blockers: ReplicaBlocker[] = []
  if (held > 0 && untilMs !== undefined)
    blockers.push({ kind: 'crash-backoff', untilMs, missing: held, crashed: crashedNames(tasks, noted) })
  const left = missing - held - create
  if (left > 0) blockers.push({ kind: 'burst', missing: left })
  const wakeAtMs = left > 0 || forgotten.length < expired.length ? nowMs : held > 0 ? untilMs : undefined
  return {
    create,
    remove: forgotten,
    victims: [],
    blockers,
    ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
    ...crashes,
  }
}

function crashedNames(tasks: readonly Task[], crashes: CrashRecord | undefined): readonly string[] {
  const known = new Set(crashes?.tasks)
  return tasks
    .filter(({ metadata }) => known.has(metadata.uid))
    .map(({ metadata }) => metadata.name)
    .sort(compareText)
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

/** An ended task that counts as long as it is kept. */
export function hasEnded(task: Task, phase: 'Failed' | 'Succeeded'): boolean {
  return task.status?.phase === phase && task.metadata.deletionTimestamp === undefined
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
  kept: Pick<
    ReplicaSetStatus,
    'forgottenFailures' | 'forgottenSuccesses' | 'crashes' | 'failures'
  > = set.status ?? {},
): { readonly status: ReplicaSetStatus; readonly wakeAtMs?: number } {
  const minReadyMs = (set.spec.minReadySeconds ?? 0) * 1000
  const { forgottenFailures = 0, forgottenSuccesses = 0, crashes, failures } = kept
  let [readyReplicas, availableReplicas, terminatingReplicas, replicas] = [0, 0, 0, 0]
  let [failed, succeeded] = [forgottenFailures, forgottenSuccesses]
  let wakeAtMs = Number.POSITIVE_INFINITY
  let unreadySince: string | undefined
  for (const task of tasks) {
    if (hasEnded(task, 'Failed')) failed += 1
    if (hasEnded(task, 'Succeeded')) succeeded += 1
    if (task.metadata.deletionTimestamp !== undefined && !isTaskFinished(task)) terminatingReplicas += 1
    if (!isTaskActive(task)) continue
    replicas += 1
    const ready = findCondition(task.status?.conditions, 'Ready')
    if (ready?.status !== 'True') {
      const since = ready?.lastTransitionTime ?? task.metadata.creationTimestamp
      // Nothing is known of it: it has not failed to become ready.
      if (ready?.status !== 'Unknown' && parseTime(since) < parseTime(unreadySince ?? '9999-01-01T00:00:00Z'))
        unreadySince = since
      continue
    }
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
    endedReplicas: failed + succeeded,
    ...(forgottenFailures === 0 ? {} : { forgottenFailures }),
    ...(forgottenSuccesses === 0 ? {} : { forgottenSuccesses }),
    ...(crashes === undefined ? {} : { crashes }),
    ...(failures === undefined ? {} : { failures }),
    ...(unreadySince === undefined ? {} : { unreadySince }),
  }
  return wakeAtMs === Number.POSITIVE_INFINITY ? { status } : { status, wakeAtMs }
}
