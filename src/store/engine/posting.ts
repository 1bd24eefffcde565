import type { Entry } from './version.js'
import { compareEntries } from './version.js'

/** So many entries may wait, or be there in vain, beside as many as really are there. */
const UNSETTLED_MIN = 64

/** One change among so many entries is searched for; with more of them, all are looked at. */
const FEW_PART = 4

const NONE: readonly Entry[] = []

/**
 * The entries under one value of a label, or one term of an index. A write only notes that an entry came or went; what
 * is there is put in order when somebody looks. Entries and not objects, so an update that keeps its values touches
 * nothing.
 *
 * An entry that has lost the value stays under `former` until the versions that had it are cut: a reader of an older
 * revision finds it there, a reader of the newest does not pay for it.
 */
export abstract class Posting {
  /** In key order, as of the latest look. A list of its own each time: somebody may be walking the one before. */
  #entries = NONE
  /** What has come since; some of it may have left again. */
  #came: Entry[] | undefined
  /** What has left since; some of it may have come again. */
  #left: Entry[] | undefined
  #size = 0
  #former: Map<Entry, number> | undefined

  /** Whether the newest version of the entry has the value. */
  protected abstract holds(entry: Entry): boolean

  /** How many entries have the value now. */
  get size(): number {
    return this.#size
  }

  /** True when no version that is kept has the value. */
  get empty(): boolean {
    return this.#size === 0 && this.#former === undefined
  }

  /** Whether `entries` costs nothing. */
  get isSettled(): boolean {
    return this.#came === undefined && this.#left === undefined
  }

  /** The entries whose newest version has the value, in key order. What comes and goes later does not change the list. */
  get entries(): readonly Entry[] {
    this.#settle()
    return this.#entries
  }

  /** Entries that may have had the value at an older revision, each with the number of its runs; check each. */
  get former(): ReadonlyMap<Entry, number> | undefined {
    return this.#former
  }

  /** The entries to look at for an older revision. */
  everyEntry(): Entry[] {
    const entries = [...this.entries]
    for (const entry of this.#former?.keys() ?? []) if (!this.holds(entry)) entries.push(entry)
    return entries
  }

  /** The newest version of the entry has the value, the one before it has not. */
  join(entry: Entry): void {
    this.#size++
    // A list of one, since most values of an index are of one entry.
    if (this.#came === undefined) this.#came = [entry]
    else this.#came.push(entry)
  }

  /** The newest version of the entry has lost the value. */
  leave(entry: Entry): void {
    this.#size--
    this.#left ??= []
    this.#left.push(entry)
    this.#former ??= new Map()
    this.#former.set(entry, (this.#former.get(entry) ?? 0) + 1)
    // Without it, entries that come and go would pile up until somebody looks.
    if (this.#left.length > this.#size + UNSETTLED_MIN) this.#settle()
  }

  /** The versions before one that had lost the value are cut; undoes the `former` part of that `leave`. */
  forget(entry: Entry): void {
    const former = this.#former
    const runs = former?.get(entry)
    if (former === undefined || runs === undefined) return
    if (runs > 1) former.set(entry, runs - 1)
    else former.delete(entry)
    if (former.size === 0) this.#former = undefined
  }

  #settle(): void {
    if (this.isSettled) return
    const came = this.#came ?? []
    const left = this.#left ?? []
    const isFew = (came.length + left.length) * FEW_PART <= this.#entries.length
    this.#entries = isFew ? this.#patched(came, left) : this.#sorted(came, left)
    this.#came = undefined
    this.#left = undefined
  }

  /** Looks at what has changed, each searched for. */
  #patched(came: readonly Entry[], left: readonly Entry[]): Entry[] {
    const entries = [...this.#entries]
    for (const entry of left) {
      const at = lowerBound(entries, entry, 0)
      if (entries[at] === entry && !this.holds(entry)) entries.splice(at, 1)
    }
    for (const entry of came) {
      const at = lowerBound(entries, entry, 0)
      if (entries[at] !== entry && this.holds(entry)) entries.splice(at, 0, entry)
    }
    return entries
  }

  /** Looks at all of them. */
  #sorted(came: readonly Entry[], left: readonly Entry[]): Entry[] {
    const there = (entries: readonly Entry[]): readonly Entry[] =>
      left.length === 0 ? entries : entries.filter(entry => this.holds(entry))
    return merged(there(this.#entries), there(came).toSorted(compareEntries))
  }
}

/** Both lists as one in key order, nothing twice. */
function merged(a: readonly Entry[], b: readonly Entry[]): Entry[] {
  const all: Entry[] = []
  let at = 0
  for (const entry of b) {
    const end = lowerBound(a, entry, at)
    while (at < end) all.push(a[at++] as Entry)
    if (a[at] !== entry && all.at(-1) !== entry) all.push(entry)
  }
  while (at < a.length) all.push(a[at++] as Entry)
  return all
}

/** The first place from `from` on that is not before the entry. */
function lowerBound(entries: readonly Entry[], entry: Entry, from: number): number {
  let low = from
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareEntries(entries[middle] as Entry, entry) < 0) low = middle + 1
    else high = middle
  }
  return low
}
