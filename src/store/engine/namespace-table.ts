import type { StoredObject } from '../object/object.js'
import { KeyOrder } from './key-order.js'
import type { KindTable } from './kind-table.js'
import type { Version } from './version.js'
import type { WatchableEntry } from './watch-registry.js'

/** An entry, and in which table it is. */
export class TableEntry implements WatchableEntry {
  readonly space: NamespaceTable
  readonly name: string
  #head: Version | undefined = undefined
  #object: StoredObject | undefined = undefined
  unwatched: object | undefined = undefined

  constructor(space: NamespaceTable, name: string) {
    this.space = space
    this.name = name
  }

  get head(): Version | undefined {
    return this.#head
  }

  /** That of the newest version. A read by key is spared a look into the version: where many are read, a fetch from memory. */
  get object(): StoredObject | undefined {
    return this.#object
  }

  /** `version` is the newest now. */
  advance(version: Version): void {
    this.#head = version
    this.#object = version.object
  }
}

interface Grave {
  readonly entry: TableEntry
  /** The version that ended the entry. */
  readonly end: Version
}

/** The objects of one kind in one namespace (`''` for a kind without namespaces). */
export class NamespaceTable {
  readonly table: KindTable
  readonly name: string
  /** Entries whose newest version is an object, by name. Updates do not touch it. */
  readonly order: KeyOrder<TableEntry> = new KeyOrder()
  /** Deleted entries that an older revision may still show, in the order of their deletion. */
  #graves: Grave[] = []
  #firstGrave = 0
  readonly #entries = new Map<string, TableEntry>()

  constructor(table: KindTable, name: string) {
    this.table = table
    this.name = name
  }

  get(name: string): TableEntry | undefined {
    return this.#entries.get(name)
  }

  /** True when nothing is left, not even for readers of older revisions. */
  get empty(): boolean {
    return this.#entries.size === 0
  }

  open(name: string): TableEntry {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      entry = new TableEntry(this, name)
      this.#entries.set(name, entry)
    }
    return entry
  }

  bury(entry: TableEntry, end: Version): void {
    this.#graves.push({ entry, end })
  }

  /** Forgets a deleted entry for good. Ends are dug up in the order in which they were buried. */
  digUp(entry: TableEntry, end: Version): void {
    if (this.#graves[this.#firstGrave]?.end === end) this.#firstGrave++
    if (this.#firstGrave > 64 && this.#firstGrave * 2 > this.#graves.length) {
      this.#graves = this.#graves.slice(this.#firstGrave)
      this.#firstGrave = 0
    }
    if (entry.head === end) this.#entries.delete(entry.name)
  }

  /** Entries deleted after `revision` and not created again since. */
  deletedAfter(revision: number): TableEntry[] {
    let low = this.#firstGrave
    let high = this.#graves.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#graves[middle] as Grave).end.revision <= revision) low = middle + 1
      else high = middle
    }
    const deleted: TableEntry[] = []
    for (const { entry, end } of this.#graves.slice(low)) if (entry.head === end) deleted.push(entry)
    return deleted
  }
}
