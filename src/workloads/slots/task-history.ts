/** A task of one slot, or of one node of a global set, as its history sees it. */
export interface HistoricTask {
  /** When its state was last noted; epoch ms. */
  readonly timestampMs: number
  /** It has ended, or it is to go before it was ever given to a node: nothing of it runs, or will. */
  readonly isPast: boolean
}

/** How much of the past is kept. */
export interface HistoryLimit {
  /** Tasks per slot, those that run included, 0 or more; fewer than 0: all are kept. Default 5. */
  readonly limit?: number
  /** A limit of restarts keeps that many tasks and one more, whatever `limit` says: what led to the end is seen. */
  readonly maxAttempts?: number
}

/** As SwarmKit's. */
const TASK_HISTORY_LIMIT = 5

/**
 * The tasks of a slot that are forgotten now, the oldest first: as many as are too many, and only past ones, so that a limit
 * of 0 never takes what runs. Equal times keep their order. Pure; as SwarmKit's task reaper.
 */
export function tasksToForget<T extends HistoricTask>(
  tasks: readonly T[],
  { limit = TASK_HISTORY_LIMIT, maxAttempts = 0 }: HistoryLimit = {},
): readonly T[] {
  const kept = maxAttempts > 0 ? maxAttempts + 1 : limit
  if (kept < 0 || tasks.length <= kept) return []
  return tasks
    .filter(({ isPast }) => isPast)
    .sort((a, b) => a.timestampMs - b.timestampMs)
    .slice(0, tasks.length - kept)
}
