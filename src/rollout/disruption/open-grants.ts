import { formatTime, parseTime } from '../../core/index.js'

/** After so long a grant is over, whatever became of it. As Kubernetes. */
const DISRUPTION_GRANT_MS = 120_000

/** A disruption that was allowed: of one task, or of a count of those that have some labels. Times are RFC 3339. */
export interface Grant {
  readonly time: string
  /** Uid. */
  readonly task?: string
  readonly count?: number
  readonly labels?: Readonly<Record<string, string>>
  /** How many tasks had the labels, and when the newest of them was made. */
  readonly present?: number
  readonly newestTime?: string
}

/** A task as its object names it. */
export interface PresentTask {
  readonly metadata: {
    readonly uid: string
    readonly creationTimestamp: string
    readonly labels: Readonly<Record<string, string>>
  }
}

/** The grants that are not over. */
export interface OpenGrants<Given extends Grant = Grant> {
  readonly grants: readonly Given[]
  /** Uids of the tasks that are given away by name. */
  readonly tasks: ReadonlySet<string>
  /** Tasks that are given away by count, and are still there. */
  readonly counted: number
  /** When the next one ends by time alone. Epoch ms. */
  readonly wakeAtMs?: number
}

/**
 * Which grants are not over: the task is there and not on its way out, or fewer tasks have gone than were granted; and
 * two minutes have not passed. After a clock was put back the two minutes begin again, and do not last until it
 * has caught up.
 *
 * Tasks that were made after a grant for a count do not make up for those that went.
 *
 * @param present the tasks that the budget selects, without those on their way out
 */
export function openGrants<Given extends Grant>(
  grants: readonly Given[],
  present: readonly PresentTask[],
  nowMs: number,
): OpenGrants<Given> {
  const uids = new Set(present.map(({ metadata }) => metadata.uid))
  const open: Given[] = []
  const tasks = new Set<string>()
  let counted = 0
  let wakeAtMs = Number.POSITIVE_INFINITY
  for (const grant of grants) {
    const atMs = Math.min(parseTime(grant.time), nowMs)
    const left = grant.task === undefined ? stillThere(grant, present) : uids.has(grant.task) ? 1 : 0
    if (left <= 0 || atMs + DISRUPTION_GRANT_MS <= nowMs) continue
    open.push(parseTime(grant.time) > nowMs ? { ...grant, time: formatTime(nowMs) } : grant)
    wakeAtMs = Math.min(wakeAtMs, atMs + DISRUPTION_GRANT_MS)
    if (grant.task === undefined) counted += left
    else tasks.add(grant.task)
  }
  return { grants: open, tasks, counted, ...(wakeAtMs === Number.POSITIVE_INFINITY ? {} : { wakeAtMs }) }
}

/** How many of those granted have not gone yet. */
function stillThere(
  { count = 0, labels = {}, present: before = 0, newestTime = '' }: Grant,
  present: readonly PresentTask[],
): number {
  const now = present.filter(
    ({ metadata }) =>
      metadata.creationTimestamp <= newestTime &&
      Object.entries(labels).every(([name, value]) => metadata.labels[name] === value),
  )
  return count - (before - now.length)
}
