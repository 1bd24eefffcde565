import type { StoredObject } from '../../store/index.js'
import { objectId } from '../object-key.js'
import type { SourceChange } from '../sources/event-mapping.js'
import { saysTheSame } from './hot-loop.js'

/** Keys whose latest write is remembered; the one that wrote longest ago goes first. */
const KEYS_MAX = 1000
/** Writes further apart than this are no contest. */
const GAP_MS = 60_000

interface Contest {
  readonly written: StoredObject
  readonly atMs: number
  readonly undone: number
}

/**
 * Counts how often in a row keys have written into one object what they had written before, which they only do when
 * another writer undoes it.
 */
export class Contests {
  readonly #byKey = new Map<string, Contest>()

  /** The key `id` made this change. Returns how often in a row it was one that it had made before. */
  wrote(id: string, { after: written }: SourceChange, atMs: number): number {
    const last = this.#byKey.get(id)
    this.#byKey.delete(id)
    if (written === undefined) return 0
    // The same revision is heard of twice when a change wakes a key for two reasons.
    const isTold = last?.written.metadata.resourceVersion === written.metadata.resourceVersion
    const isAgain =
      last !== undefined &&
      atMs - last.atMs <= GAP_MS &&
      objectId(last.written) === objectId(written) &&
      saysTheSame(last.written, written)
    const undone = isAgain ? last.undone + (isTold ? 0 : 1) : 0
    this.#byKey.set(id, { written, atMs, undone })
    const [oldest] = this.#byKey.keys()
    if (this.#byKey.size > KEYS_MAX && oldest !== undefined) this.#byKey.delete(oldest)
    return undone
  }

  /** True when the key `id` has written into one object what was undone within the last minute. */
  isContested(id: string, atMs: number): boolean {
    const contest = this.#byKey.get(id)
    return contest !== undefined && contest.undone > 0 && atMs - contest.atMs <= GAP_MS
  }
}
