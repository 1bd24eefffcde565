import { Posting } from './posting.js'
import type { Entry } from './version.js'

/** Up to so many terms are searched one by one. */
const FEW = 16

class TermPosting extends Posting {
  readonly #term: string

  constructor(term: string) {
    super()
    this.#term = term
  }

  protected override holds({ head }: Entry): boolean {
    return head?.terms.includes(this.#term) === true
  }
}

/** Which entries are under which term of an index. */
export class Postings {
  readonly #byTerm = new Map<string, Posting>()

  /** The newest version of `entry` has `after` where the one before had `before`. */
  change(entry: Entry, before: readonly string[], after: readonly string[]): void {
    if (before === after) return
    const many = after.length > FEW && before.length > FEW
    const old = many ? new Set(before) : undefined
    const young = many ? new Set(after) : undefined
    for (const term of after) if (!(old?.has(term) ?? before.includes(term))) this.#open(term).join(entry)
    for (const term of before) if (!(young?.has(term) ?? after.includes(term))) this.#open(term).leave(entry)
  }

  /** The versions with `before`, which `after` followed, are cut; undoes the `former` part of that `change`. */
  cut(entry: Entry, before: readonly string[], after: readonly string[]): void {
    if (before === after) return
    const young = after.length > FEW && before.length > FEW ? new Set(after) : undefined
    for (const term of before) if (!(young?.has(term) ?? after.includes(term))) this.#forget(entry, term)
  }

  find(term: string): Posting | undefined {
    return this.#byTerm.get(term)
  }

  /** How many objects are under each term now; 0 for one that only older versions had. */
  *sizes(): Iterable<readonly [term: string, size: number]> {
    for (const [term, posting] of this.#byTerm) yield [term, posting.size]
  }

  /** How many terms are known; for tests and statistics. */
  get size(): number {
    return this.#byTerm.size
  }

  #open(term: string): Posting {
    let posting = this.#byTerm.get(term)
    if (posting === undefined) {
      posting = new TermPosting(term)
      this.#byTerm.set(term, posting)
    }
    return posting
  }

  #forget(entry: Entry, term: string): void {
    const posting = this.#byTerm.get(term)
    posting?.forget(entry)
    if (posting?.empty === true) this.#byTerm.delete(term)
  }
}
