import type { Entry } from './version.js'
import { compareEntries } from './version.js'

/** Up to so many terms are searched one by one. */
const FEW = 16

/** The entries under one term. */
interface Posting {
  /** Those whose newest version has the term. */
  readonly live: Set<Entry>
  /** The live ones in key order, once somebody has asked; until the next change. */
  ordered: readonly Entry[] | undefined
  /** Those with an older version that has it, and how many runs of such versions are still kept. */
  former: Map<Entry, number> | undefined
}

/**
 * Term → entries. Postings hold entries and not objects, so an update that keeps its terms touches nothing.
 * A term that an entry has lost stays under `former` until the versions that had it are cut: a reader of an
 * older revision finds it there, a reader of the newest does not pay for it.
 */
export class Postings {
  readonly #byTerm = new Map<string, Posting>()

  /** The newest version of `entry` has `after` where it had `before`. */
  change(entry: Entry, before: readonly string[], after: readonly string[]): void {
    if (before === after) return
    const many = after.length > FEW && before.length > FEW
    const old = many ? new Set(before) : undefined
    const young = many ? new Set(after) : undefined
    for (const term of after) if (!(old?.has(term) ?? before.includes(term))) this.#join(entry, term)
    for (const term of before) if (!(young?.has(term) ?? after.includes(term))) this.#leave(entry, term)
  }

  /** The versions with `before`, which `after` followed, are cut; undoes the `former` part of that `change`. */
  cut(entry: Entry, before: readonly string[], after: readonly string[]): void {
    if (before === after) return
    const young = after.length > FEW && before.length > FEW ? new Set(after) : undefined
    for (const term of before) if (!(young?.has(term) ?? after.includes(term))) this.#forget(entry, term)
  }

  /** Entries whose newest version has the term. */
  live(term: string): ReadonlySet<Entry> | undefined {
    return this.#byTerm.get(term)?.live
  }

  /** The same in key order. Sorted at the first question after a change. */
  ordered(term: string): readonly Entry[] {
    const posting = this.#byTerm.get(term)
    return posting === undefined ? [] : (posting.ordered ??= [...posting.live].sort(compareEntries))
  }

  /** Whether `ordered` costs nothing. */
  isOrdered(term: string): boolean {
    return this.#byTerm.get(term)?.ordered !== undefined
  }

  /** Entries that may have had the term at an older revision; check each. */
  former(term: string): ReadonlyMap<Entry, number> | undefined {
    return this.#byTerm.get(term)?.former
  }

  /** How many terms are known; for tests and statistics. */
  get size(): number {
    return this.#byTerm.size
  }

  #open(term: string): Posting {
    let posting = this.#byTerm.get(term)
    if (posting === undefined) {
      posting = { live: new Set(), ordered: undefined, former: undefined }
      this.#byTerm.set(term, posting)
    }
    return posting
  }

  #join(entry: Entry, term: string): void {
    const posting = this.#open(term)
    posting.live.add(entry)
    posting.ordered = undefined
  }

  #leave(entry: Entry, term: string): void {
    const posting = this.#open(term)
    posting.live.delete(entry)
    posting.ordered = undefined
    posting.former ??= new Map()
    posting.former.set(entry, (posting.former.get(entry) ?? 0) + 1)
  }

  #forget(entry: Entry, term: string): void {
    const posting = this.#byTerm.get(term)
    const runs = posting?.former?.get(entry)
    if (posting?.former === undefined || runs === undefined) return
    if (runs > 1) posting.former.set(entry, runs - 1)
    else posting.former.delete(entry)
    if (posting.former.size === 0) posting.former = undefined
    if (posting.live.size === 0 && posting.former === undefined) this.#byTerm.delete(term)
  }
}
