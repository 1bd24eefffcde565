import type { Clock } from '../../core/index.js'

/** What a key did and has not been told of yet. */
interface Outstanding {
  creations: number
  readonly deletions: Set<string>
  readonly sinceMs: number
}

/**
 * Counts what a key has created and deleted until it is told of it, for a controller whose reads lag and that lays
 * nothing over them. Only useful beside a cache of one's own: a controller that reads the client, or has `ownWrites`,
 * needs none.
 */
export interface Expectations {
  /** Replaces what was expected of `key`: so many creations, and the deletion of these uids. */
  expect(key: string, what: { readonly creations?: number; readonly deletions?: readonly string[] }): void
  /** One creation was told, or did not happen after all. More than were expected do no harm. */
  created(key: string): void
  /** The deletion of `uid` was told, its begin or its end, or did not happen after all. Counts once. */
  deleted(key: string, uid: string): void
  /** True when nothing is outstanding, nothing was ever expected, or it has been too long. */
  satisfied(key: string): boolean
  /** The key is gone. */
  forget(key: string): void
}

/** Something was missed when it is not told in this time. */
const EXPIRY_MS = 300_000

/** Makes expectations of nothing. */
export function createExpectations(clock: Clock): Expectations {
  const records = new Map<string, Outstanding>()
  return {
    expect: (key, { creations = 0, deletions = [] }) => {
      records.set(key, { creations, deletions: new Set(deletions), sinceMs: clock.monotonic() })
    },
    created: key => {
      const record = records.get(key)
      if (record !== undefined) record.creations--
    },
    deleted: (key, uid) => {
      records.get(key)?.deletions.delete(uid)
    },
    satisfied: key => {
      const record = records.get(key)
      if (record === undefined) return true
      const isMet = record.creations <= 0 && record.deletions.size === 0
      return isMet || clock.monotonic() - record.sinceMs > EXPIRY_MS
    },
    forget: key => {
      records.delete(key)
    },
  }
}
