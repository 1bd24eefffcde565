import { KeyOrder } from './key-order.js'
import type { KindTable } from './kind-table.js'
import type { Version } from './version.js'
import { Entry } from './version.js'

interface Grave {
  readonly entry: Entry
  /** The version that ended the entry. */
  readonly end: Version
}

/** The objects of one kind in one namespace (`''` for a kind without namespaces). */
export class NamespaceTable {
  readonly table: KindTable
  readonly name: string
  /** Entries whose newest version is an object, by name. Updates do not touch it. */
  readonly order: KeyOrder<Entry> = new KeyOrder()
  /** Deleted entries that an older revision may still show, in the order of their deletion. */
  #graves: Grave[] = []
  #firstGrave = 0
  readonly #entries = new Map<string, Entry>()

  constructor(table: KindTable, name: string) {
    this.table = table
    this.name = name
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name)
  }

  /** True when nothing is left, not even for readers of older revisions. */
  get empty(): boolean {
    return this.#entries.size === 0
  }

  open(name: string): Entry {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      entry = new Entry(this, name)
      this.#entries.set(name, entry)
    }
    return entry
  }

  bury(entry: Entry, end: Version): void {
    this.#graves.push({ entry, end })
  }

  /** Forgets a deleted entry for good. Ends are dug up in the order in which they were buried. */
  digUp(entry: Entry, end: Version): void {
    if (this.#graves[this.#firstGrave]?.end === end) this.#firstGrave++
    if (this.#firstGrave > 64 && this.#firstGrave * 2 > this.#graves.length) {
      this.#graves = this.#graves.slice(this.#firstGrave)
      this.#firstGrave = 0
    }
    if (entry.head === end) this.#entries.delete(entry.name)
  }

  /** Entries deleted after `revision` and not created again since. */
  deletedAfter(revision: number): Entry[] {
    let low = this.#firstGrave
    let high = this.#graves.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#graves[middle] as Grave).end.revision <= revision) low = middle + 1
      else high = middle
    }
    const deleted: Entry[] = []
    for (const { entry, end } of this.#graves.slice(low)) if (entry.head === end) deleted.push(entry)
    return deleted
  }
}
