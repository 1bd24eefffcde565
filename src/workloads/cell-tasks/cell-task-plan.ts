import type { Cell, CellStatus, Task } from '../../api/index.js'
import { findCondition, isTaskActive, isTaskFinished, TEMPLATE_HASH_LABEL } from '../../api/index.js'
import { parseTime } from '../../core/index.js'
import type { Backoff } from '../../core/internal.js'
import { compareText } from '../../core/internal.js'
import { isHeldByOthers } from '../held-task.js'
import { tasksToForget } from '../slots/task-history.js'
import type { CellRecord } from './cell-record.js'
import { notBefore, noteEnded, noteRestarts } from './cell-record.js'

/** Kubernetes' numbers for the tasks of a DaemonSet: 1 s, doubled by each further end, at most 15 minutes. */
export const defaultCellBackoff: Backoff = { baseMs: 1_000, maxMs: 900_000 }

/** Held by each task of a cell with a restart policy, until its end is in the status of the cell. */
export const CELL_TASK_FINALIZER = 'keelson.dev/cell'

/** What a cell needs now. */
export interface CellTaskPlan {
  /** Make a task of `spec.revision`. */
  readonly create: boolean
  /** Tasks to delete: ended ones, those of another revision, and second ones. */
  readonly remove: readonly Task[]
  readonly record: CellRecord
  readonly status: Omit<CellStatus, 'message'>
  /** When to look again although nothing changed. Epoch ms. */
  readonly wakeAtMs?: number
}

/**
 * Decides what a cell needs: one task of exactly its revision. A task of another revision goes before the new one is made,
 * or with `surge` once the new one is available, or when it is not available itself; so there is never more than one
 * task that runs, or than two with `surge`, those on their way out included. One that has ended is counted and deleted, and
 * the next is made after a pause that doubles; with a `restartPolicy` it is kept among the last few, and the policy says
 * whether and when there is a next. What others delete before it has ended is replaced at once, and is no attempt. A cell
 * that is `held` gets none and loses none. Pure.
 *
 * @param tasks all that the cell controls
 */
export function planCellTask(
  cell: Pick<Cell, 'spec' | 'status'>,
  tasks: readonly Task[],
  backoff: Backoff,
  nowMs: number,
): CellTaskPlan {
  const { spec } = cell
  const {
    record,
    past,
    kept: history,
  } = spec.restartPolicy === undefined
    ? forgetEnded(cell, tasks, backoff, nowMs)
    : keepEnded(cell, tasks, nowMs)
  const active = tasks.filter(isTaskActive).sort(olderFirst)
  const isOf = (task: Task): boolean => task.metadata.labels[TEMPLATE_HASH_LABEL] === spec.revision
  const minReadyMs = (spec.minReadySeconds ?? 0) * 1000
  const availableAt = (task: Task): number => readyAtMs(task) + minReadyMs
  const wanted = active.filter(isOf)
  const [kept] = wanted
  const others = active.filter(task => !isOf(task))
  const works = (task: Task | undefined): boolean => task !== undefined && availableAt(task) <= nowMs
  const [old] = others.filter(works)
  const staying = spec.held === true ? others : spec.surge === true && !works(kept) && old ? [old] : []
  const remove = [...past, ...wanted.slice(1), ...others.filter(task => !staying.includes(task))]
  const left = tasks.filter(task => !remove.includes(task) && !history.includes(task)).length
  const isFree = remove.length === 0 && left < (spec.surge === true ? 2 : 1)
  const notBeforeMs = notBefore(cell, record, backoff)
  const wants = spec.held !== true && record.phase === undefined && kept === undefined && isFree
  const serving = [kept, ...staying].filter(works)[0] ?? kept ?? staying[0]
  const wakeAtMs = earliest([
    // The status tells the time of a restart until then, also where something else is waited for.
    ...((wants || record.restartTime !== undefined) && notBeforeMs > nowMs ? [notBeforeMs] : []),
    ...active.map(availableAt).filter(time => time > nowMs),
  ])
  const revision = serving?.metadata.labels[TEMPLATE_HASH_LABEL]
  return {
    create: wants && notBeforeMs <= nowMs,
    remove,
    record,
    status: {
      ready: serving !== undefined && readyAtMs(serving) < Number.POSITIVE_INFINITY,
      available: works(serving),
      ...(revision === undefined ? {} : { revision }),
      ...record,
      ...(history.length === 0 ? {} : { history: history.map(({ metadata }) => metadata.uid) }),
    },
    ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
  }
}

/** Whether the cell has counted a task, or has nothing to count of it: it was deleted before it ended, and runs no more. */
export function isSettled(task: Task): boolean {
  return (
    isTaskFinished(task) ||
    (task.metadata.deletionTimestamp !== undefined && !isHeldByOthers(CELL_TASK_FINALIZER, task))
  )
}

/** What has ended: what is noted of it, what is deleted, and what is only there to look at. */
interface EndedTasks {
  readonly record: CellRecord
  readonly past: readonly Task[]
  readonly kept: readonly Task[]
}

function forgetEnded(
  cell: Pick<Cell, 'spec' | 'status'>,
  tasks: readonly Task[],
  backoff: Backoff,
  nowMs: number,
): EndedTasks {
  const ended = tasks.filter(task => isTaskFinished(task) && task.metadata.deletionTimestamp === undefined)
  return { record: noteEnded(cell, ended, backoff, nowMs), past: ended, kept: [] }
}

/** What has ended is counted once, as long as it is there: afterwards its uid is in the history. */
function keepEnded(cell: Pick<Cell, 'spec' | 'status'>, tasks: readonly Task[], nowMs: number): EndedTasks {
  const { taskHistoryLimit: limit, restartPolicy: { maxAttempts } = {} } = cell.spec
  const kept = tasks.filter(isTaskFinished)
  const counted = new Set(cell.status?.history)
  const fresh = kept.filter(({ metadata }) => !counted.has(metadata.uid)).sort(earlierEnd)
  const there = tasks.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const past = tasksToForget(
    there.map(task => ({ task, isPast: isTaskFinished(task), timestampMs: endedAtMs(task) })),
    {
      ...(limit === undefined ? {} : { limit }),
      ...(maxAttempts === undefined ? {} : { maxAttempts }),
    },
  ).map(({ task }) => task)
  return { record: noteRestarts(cell, fresh, nowMs), past, kept }
}

function earlierEnd(a: Task, b: Task): number {
  return endedAtMs(a) - endedAtMs(b) || olderFirst(a, b)
}

/** Of a task that runs, when it was made. */
function endedAtMs({ metadata, status }: Task): number {
  return parseTime(status?.finishTime ?? metadata.creationTimestamp)
}

/** Since when it has been ready; never, if it is not. */
function readyAtMs(task: Task): number {
  const ready = findCondition(task.status?.conditions, 'Ready')
  return ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : Number.POSITIVE_INFINITY
}

function olderFirst(a: Task, b: Task): number {
  return (
    compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareText(a.metadata.name, b.metadata.name)
  )
}

function earliest(times: readonly number[]): number | undefined {
  const least = Math.min(...times)
  return Number.isFinite(least) ? least : undefined
}
