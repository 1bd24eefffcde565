import type { Cancel, Env } from '../../core/index.js'
import type { WatchSource } from './watch-source.js'

/** A watch with bookmarks tells of a revision this long after it at the latest. */
const BOOKMARK_INTERVAL_MS = 60_000

/** What a bookmark timer needs. */
export interface BookmarkTimerOptions {
  readonly engine: WatchSource
  readonly env: Env
  /** The last revision that was told. */
  readonly told: () => number
  /** Something newer has happened. */
  readonly due: () => void
}

/**
 * Asks for a bookmark once a minute while anything is written; then the next write starts it again, so a quiet store
 * has no timer.
 */
export function startBookmarkTimer({ engine, env, told, due }: BookmarkTimerOptions): Cancel {
  const { log, alarms } = engine
  let stopped = false
  let cancel: Cancel = () => {}
  const arm = (): void => {
    if (stopped) return
    cancel = env.clock.after(BOOKMARK_INTERVAL_MS, () => {
      if (log.head === told()) {
        cancel = alarms.set(log.head + 1, arm)
        return
      }
      due()
      arm()
    })
  }
  arm()
  return () => {
    stopped = true
    cancel()
  }
}
