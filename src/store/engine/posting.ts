import type { Entry } from './version.js'
import { compareEntries } from './version.js'

/** So many entries may wait, or be there in vain, beside as many as really are there. */
const UNSETTLED_MIN = 64

/** One change among so many entries is searched for; with more of them, all are looked at. */
const FEW_PART = 4

/**
 * The entries under one value of a label, or one term of an index. A write only notes that an entry came or went; what
 * is there is put in order when somebody looks. Entries and not objects, so an update that keeps its values touches
 * nothing.
 *
 * An entry that has lost the value stays under `former` until the versions that had it are cut: a reader of an older
 * revision finds it there, a reader of the newest does not pay for it.
 */
export abstract class Posting {
  /** In key order up to `settled`, then as they came. Some have left, and some of those have come again. */
  #entries: Entry[] = []
  #settled = 0
  /** What has left since; some of it may have come again. */
  #left: Entry[] = []
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
    return this.#left.length === 0 && this.#settled === this.#entries.length
  }

  /** The entries whose newest version has the value, in key order. */
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
    this.#entries.push(entry)
    if (this.#left.length > 0) this.#settleIfMany()
  }

  /** The newest version of the entry has lost the value. */
  leave(entry: Entry): void {
    this.#size--
    this.#left.push(entry)
    this.#former ??= new Map()
    this.#former.set(entry, (this.#former.get(entry) ?? 0) + 1)
    this.#settleIfMany()
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

  /** Without it, entries that come and go would pile up until somebody looks. */
  #settleIfMany(): void {
    if (this.#entries.length - this.#size > this.#size + UNSETTLED_MIN) this.#settle()
  }

  /** A list of its own each time: somebody may be walking the one before. */
  #settle(): void {
    if (this.isSettled) return
    const changes = this.#left.length + this.#entries.length - this.#settled
    this.#entries = changes * FEW_PART <= this.#settled ? this.#patched() : this.#sorted()
    this.#settled = this.#entries.length
    this.#left = []
  }

  /** Looks at what has changed, each searched for. */
  #patched(): Entry[] {
    const entries = this.#entries.slice(0, this.#settled)
    for (const entry of this.#left) {
      const at = lowerBound(entries, entry, 0)
      if (entries[at] === entry && !this.holds(entry)) entries.splice(at, 1)
    }
    for (let came = this.#settled; came < this.#entries.length; came++) {
      const entry = this.#entries[came] as Entry
      const at = lowerBound(entries, entry, 0)
      if (entries[at] !== entry && this.holds(entry)) entries.splice(at, 0, entry)
    }
    return entries
  }

  /** Looks at all of them. */
  #sorted(): Entry[] {
    const hasLeft = this.#left.length > 0
    const came = this.#entries.slice(this.#settled)
    let known: Entry[] = this.#settled === 0 ? [] : this.#entries.slice(0, this.#settled)
    if (hasLeft) known = known.filter(entry => this.holds(entry))
    const added = hasLeft ? came.filter(entry => this.holds(entry)) : came
    return merged(known, added.sort(compareEntries))
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
