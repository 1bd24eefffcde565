import type { Task } from '../../api/index.js'
import { compareText } from '../../core/internal.js'
import type { JobCounts } from './job-counts.js'
import type { JobTally } from './job-tally.js'
import { jobIndexOf } from './job-tasks.js'

/** Indexes that have failed and not ended, at most: then no other is begun. */
const FAILING_INDEXES_MAX = 10_000

/** Indexes that may begin. */
export interface JobVacancies {
  /** Undefined for tasks without an index. */
  readonly indexes: readonly (number | undefined)[]
  /** When the first of those may begin that wait for their back-off. */
  readonly waitingUntilMs: number | undefined
  /** Indexes are held back because too many fail. */
  readonly isHeld: boolean
}

/**
 * The lowest indexes that have neither ended nor a task, and whose back-off is over. Costs as much as there are tasks,
 * ranges and failing indexes, not indexes.
 */
export function vacantIndexes(
  held: JobTally['held'],
  counts: Pick<JobCounts, 'completed' | 'failedIndexes' | 'indexFailures' | 'indexUntilMs'>,
  completions: number,
  { want, nowMs }: { readonly want: number; readonly nowMs: number },
): JobVacancies {
  const indexes: number[] = []
  let waitingUntilMs: number | undefined
  let isHeld = false
  const isFull = counts.indexFailures.size >= FAILING_INDEXES_MAX
  for (let index = next(counts, 0); index < completions; index = next(counts, index + 1)) {
    if (indexes.length >= want) break
    if (held.has(index)) continue
    if (isFull && !counts.indexFailures.has(index)) {
      isHeld = true
      continue
    }
    const untilMs = counts.indexUntilMs(index)
    if (untilMs <= nowMs) indexes.push(index)
    else waitingUntilMs = Math.min(waitingUntilMs ?? untilMs, untilMs)
  }
  return { indexes, waitingUntilMs, isHeld }
}

function next(
  { completed, failedIndexes }: Pick<JobCounts, 'completed' | 'failedIndexes'>,
  from: number,
): number {
  let index = from
  for (;;) {
    const free = failedIndexes.firstMissing(completed.firstMissing(index))
    if (free === index) return index
    index = free
  }
}

/** Active tasks whose index is no index, has ended, or belongs to an older task. */
export function duplicateTasks(
  tally: Pick<JobTally, 'held' | 'hasDoubles' | 'of'>,
  { completed, failedIndexes }: Pick<JobCounts, 'completed' | 'failedIndexes'>,
  completions: number,
): readonly Task[] {
  const isDone = (index: number): boolean =>
    index >= completions || completed.has(index) || failedIndexes.has(index)
  // Only if there is one, it matters which tasks they are.
  if (!tally.hasDoubles && !some(tally.held.keys(), isDone)) return []
  const taken = new Set(tally.of('terminating').map(jobIndexOf))
  return [...tally.of('active')].sort(byAge).filter(task => {
    const index = jobIndexOf(task)
    if (index === undefined || isDone(index)) return true
    const { size } = taken
    return taken.add(index).size === size
  })
}

function some<T>(values: Iterable<T>, holds: (value: T) => boolean): boolean {
  for (const value of values) if (holds(value)) return true
  return false
}

function byAge(a: Task, b: Task): number {
  return (
    compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareText(a.metadata.uid, b.metadata.uid)
  )
}
