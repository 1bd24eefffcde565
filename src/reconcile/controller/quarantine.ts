import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'

/** A key that is not tried again by itself. */
export interface QuarantinedKey {
  readonly key: ObjectRef
  /** The latest failure. */
  readonly error: Error
  /** How often in a row it failed in the same way. */
  readonly crashes: number
}

/**
 * Counts the failures of each key that look alike, and tells which keys failed in the same way too often: trying
 * them again is of no use before something changes.
 */
export class Quarantine {
  readonly #after: number
  readonly #streaks = new Map<string, QuarantinedKey>()

  /** @param after failures in a row, a whole number of at least 1; Infinity for no quarantine */
  constructor(after: number) {
    this.#after = after
  }

  /** Counts a failure; true when the key is in quarantine from now on, or still. */
  failed(key: ObjectRef, error: Error): boolean {
    if (this.#after === Number.POSITIVE_INFINITY) return false
    const id = refText(key)
    const known = this.#streaks.get(id)
    const crashes = known !== undefined && looksLike(known.error, error) ? known.crashes + 1 : 1
    this.#streaks.set(id, { key, error, crashes })
    return crashes >= this.#after
  }

  /** The key succeeded, or names another object now. */
  forget(key: ObjectRef): void {
    if (this.#streaks.size > 0) this.#streaks.delete(refText(key))
  }

  /** In the order in which the keys began to fail. */
  keys(): readonly QuarantinedKey[] {
    return [...this.#streaks.values()].filter(({ crashes }) => crashes >= this.#after)
  }
}

/** Numbers are left out: ids, times, ports and revisions differ between two failures of one cause. */
function looksLike(a: Error, b: Error): boolean {
  return a.name === b.name && pattern(a) === pattern(b)
}

function pattern({ message }: Error): string {
  return message.replaceAll(/\d+/g, '#')
}
