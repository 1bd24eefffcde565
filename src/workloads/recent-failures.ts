import type { ReplicaSetStatus, Task } from '../api/index.js'
import { formatTime, parseTime } from '../core/index.js'
import { compareText } from '../core/internal.js'

/** The tasks of a set that have ended, each with the time at which it was noticed. */
export type RecentFailures = NonNullable<ReplicaSetStatus['failures']>

/** Entries that are kept of tasks that are gone. */
const GONE_MAX = 50

/**
 * The record with the tasks in it that have ended since. The time is that of the controller: clocks of nodes are not
 * believed; theirs only order what was noticed at once.
 *
 * @param ended tasks that count as ended and have objects, those that leave now among them
 * @param leaving those of them that will not be seen again
 */
export function noteFailures(
  before: RecentFailures | undefined,
  ended: readonly Task[],
  leaving: ReadonlySet<Task>,
  nowMs: number,
): RecentFailures | undefined {
  const known = new Set(before?.map(({ uid }) => uid))
  const fresh = ended
    .filter(({ metadata }) => !known.has(metadata.uid))
    .sort((a, b) => finishMs(a) - finishMs(b) || compareText(a.metadata.name, b.metadata.name))
    .map(({ metadata, status }) => {
      const cause = status?.phase === 'Succeeded' ? 'exit' : 'crash'
      return { uid: metadata.uid, time: formatTime(nowMs), cause } as const
    })
  const stays = new Set(ended.filter(task => !leaving.has(task)).map(({ metadata }) => metadata.uid))
  const all = [...(before ?? []), ...fresh]
  let surplus = all.filter(({ uid }) => !stays.has(uid)).length - GONE_MAX
  if (fresh.length === 0 && surplus <= 0) return before
  return all.filter(({ uid }) => stays.has(uid) || surplus-- <= 0)
}

function finishMs({ status, metadata }: Task): number {
  return parseTime(status?.finishTime ?? metadata.creationTimestamp)
}
