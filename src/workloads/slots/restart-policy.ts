/** When a task that has ended gets a successor: the words and numbers of SwarmKit's restart policy. */
export interface RestartPolicy {
  /** `any`: always; `on-failure`: unless it ended well; `none`: never. Default `any`. */
  readonly condition?: 'any' | 'on-failure' | 'none'
  /** From the end of a task until its successor. Default 5,000. */
  readonly delayMs?: number
  /** Restarts at most, within the window if there is one. Default 0: as many as it takes. */
  readonly maxAttempts?: number
  /** Only restarts of so many milliseconds before the end count. Default 0: all of the same revision count. */
  readonly windowMs?: number
}

/** What a slot, or a node of a global set, remembers of restarts of one revision. */
export interface RestartRecord {
  readonly total: number
  /** When each was decided, oldest first; epoch ms. With a window only, and no more than `maxAttempts`. */
  readonly timesMs: readonly number[]
}

/** How a task ended, as whoever decides has seen it. */
export interface TaskEnd {
  readonly succeeded: boolean
  /** Epoch ms, by the clock of whoever decides. */
  readonly atMs: number
  /** True: a task that ends well has done what it was for. */
  readonly isJob?: boolean
}

/** What becomes of a slot whose task has ended. */
export interface RestartDecision {
  /** When the successor is to be made, epoch ms. Absent: there is none. */
  readonly restartAtMs?: number
  readonly record: RestartRecord
}

/** Of a revision that has had no restart yet. */
export const NO_RESTARTS: RestartRecord = { total: 0, timesMs: [] }

const DELAY_MS = 5_000

/**
 * Whether a task that has ended gets a successor, and when. Pure.
 *
 * As SwarmKit's restart supervisor: with a window, restarts count that were decided after the end less the window, one
 * exactly at that edge does not; without a limit nothing is remembered. A refusal is not a restart, so what was refused may
 * be allowed at a later end, when older restarts have left the window. Unlike there, one that was decided in the same
 * millisecond counts, since without a delay many are; and one of the future, before a clock was put back, counts as of now.
 */
export function decideRestart(policy: RestartPolicy, record: RestartRecord, end: TaskEnd): RestartDecision {
  const { condition = 'any', delayMs = DELAY_MS, maxAttempts = 0, windowMs = 0 } = policy
  const hasDone = end.succeeded && (condition === 'on-failure' || end.isJob === true)
  if (condition === 'none' || hasDone) return { record }
  const restartAtMs = end.atMs + delayMs
  if (maxAttempts === 0) return { restartAtMs, record }
  const recent = record.timesMs
    .map(time => Math.min(time, end.atMs))
    .filter(time => time > end.atMs - windowMs)
  const counted = windowMs === 0 ? record.total : recent.length
  const remembered = { total: record.total, timesMs: recent }
  if (counted >= maxAttempts) return { record: remembered }
  const timesMs = windowMs === 0 ? [] : [...recent, end.atMs].slice(-maxAttempts)
  return { restartAtMs, record: { total: record.total + 1, timesMs } }
}
