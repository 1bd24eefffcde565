import type { StoreParts } from '../client/store-parts.js'

/** A revision that stays readable because somebody reads at it: a snapshot, a transaction, a checkpoint, a backup. */
export interface RevisionPin {
  readonly revision: number
  /** How many revisions the store has had since. */
  readonly behind: number
  readonly holders: number
}

/** Somebody who watches. */
export interface WatchLag {
  readonly kinds: string
  /** The process that it delivers in. */
  readonly process: string
  /** The last revision that it has handled. */
  readonly revision: number
  /** How many revisions the store has had since; the log keeps them, up to its capacity. */
  readonly behind: number
}

/** What holds on to the past. */
export interface StorePins {
  readonly revision: number
  /** The oldest revision that a watch may begin after, or a list may be asked for. Continue tokens from before it are expired. */
  readonly oldestRevision: number
  /** Revisions that left the log and stay in memory for a pin. One more than twice the log behind is given up. */
  readonly heldBackRevisions: number
  /** For how long that has been so, ms; absent when nothing is held back. */
  readonly heldBackMs?: number
  /** Oldest first. */
  readonly pins: readonly RevisionPin[]
  /** The furthest behind first. Only one with `slowConsumer: 'block'` holds back anybody: those who write. */
  readonly watches: readonly WatchLag[]
}

/** Costs the pins and the watches. */
export function storePins({ engine }: StoreParts): StorePins {
  const { log, history, tables, revision } = engine
  const { heldBackMs } = history
  const listeners = tables.all.flatMap(({ watchers, durableWatchers }) => [
    ...watchers.listeners(),
    ...durableWatchers.listeners(),
  ])
  const watches = [...new Set(listeners)].map(listener => ({
    kinds: listener.label.replace(/^deliver /, ''),
    process: listener.env.process,
    revision: listener.revision,
    behind: revision - listener.revision,
  }))
  return {
    revision,
    oldestRevision: log.oldestStart,
    heldBackRevisions: history.waitingCount,
    ...(heldBackMs === undefined ? {} : { heldBackMs }),
    pins: history
      .pins()
      .map(([pinned, holders]) => ({ revision: pinned, behind: revision - pinned, holders })),
    watches: watches.toSorted((a, b) => b.behind - a.behind),
  }
}
