import type { Cell, CellStatus, Task } from '../../api/index.js'
import { findCondition, isTaskActive, isTaskFinished, TEMPLATE_HASH_LABEL } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'
import type { Backoff } from '../../core/internal.js'
import { backoffMs, compareText } from '../../core/internal.js'

/** What a cell remembers of tasks that have ended. */
export type CellRecord = Pick<CellStatus, 'failures' | 'attempted' | 'lastFailureTime'>

/** After so many times `maxMs` without an end the row is over. */
const FORGET_FACTOR = 2

/** Kubernetes' numbers for the tasks of a DaemonSet: 1 s, doubled by each further end, at most 15 minutes. */
export const defaultCellBackoff: Backoff = { baseMs: 1_000, maxMs: 900_000 }

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
 * task, or than two with `surge`, those on their way out included. One that has ended is deleted and counted, and the
 * next is made after a pause that doubles. A cell that is `held` gets none and loses none. Pure.
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
  const ended = tasks.filter(task => isTaskFinished(task) && task.metadata.deletionTimestamp === undefined)
  const record = noteEnded(cell, ended, backoff, nowMs)
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
  const remove = [...ended, ...wanted.slice(1), ...others.filter(task => !staying.includes(task))]
  const left = tasks.length - remove.length
  const isFree = remove.length === 0 && left < (spec.surge === true ? 2 : 1)
  const notBeforeMs = pauseUntilMs(record, backoff)
  const wants = spec.held !== true && kept === undefined && isFree
  const serving = [kept, ...staying].filter(works)[0] ?? kept ?? staying[0]
  const wakeAtMs = earliest([
    ...(wants && notBeforeMs > nowMs ? [notBeforeMs] : []),
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
    },
    ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
  }
}

/** The record with the tasks in it that have ended. Those of another revision than the present one do not count. */
function noteEnded(
  { spec: { revision }, status }: Pick<Cell, 'spec' | 'status'>,
  ended: readonly Task[],
  { maxMs }: Backoff,
  nowMs: number,
): CellRecord {
  const fresh = ended.filter(({ metadata }) => metadata.labels[TEMPLATE_HASH_LABEL] === revision).length
  const { failures = 0, attempted, lastFailureTime } = status ?? {}
  const isKnown = attempted === revision && lastFailureTime !== undefined
  if (fresh === 0) {
    if (!isKnown) return { failures: 0 }
    // After a clock was put back the pause begins again, instead of lasting until it has caught up.
    const time = parseTime(lastFailureTime) > nowMs ? formatTime(nowMs) : lastFailureTime
    return { failures, attempted: revision, lastFailureTime: time }
  }
  const isOver = !isKnown || nowMs - parseTime(lastFailureTime) >= FORGET_FACTOR * maxMs
  return {
    failures: (isOver ? 0 : failures) + fresh,
    attempted: revision,
    lastFailureTime: formatTime(nowMs),
  }
}

function pauseUntilMs({ failures, lastFailureTime }: CellRecord, backoff: Backoff): number {
  return lastFailureTime === undefined
    ? Number.NEGATIVE_INFINITY
    : parseTime(lastFailureTime) + backoffMs(backoff, failures)
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
