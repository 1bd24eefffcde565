import type { AdmissionChain } from '../kind/admission-chain.js'
import type { Kind } from '../kind/kind.js'
import type { FieldType } from '../kind/merge-type.js'
import { fieldTypeOf } from '../kind/merge-type.js'
import { KeyOrder } from './key-order.js'
import type { Labels } from './label-postings.js'
import { LabelPostings } from './label-postings.js'
import type { TableEntry } from './namespace-table.js'
import { NamespaceTable } from './namespace-table.js'
import { Postings } from './postings.js'
import { ValueOrder } from './value-order.js'
import type { Version } from './version.js'
import { NO_TERMS } from './version.js'
import { WatchRegistry } from './watch-registry.js'

/** Everything the engine keeps about one kind. */
export class KindTable {
  readonly kind: Kind
  /** Undefined when nobody is to be asked about writes. */
  readonly admission: AdmissionChain | undefined
  /** How server-side apply sees the parts of objects. */
  readonly fieldType: FieldType
  /** Whether the kind says anything of it; most do not. */
  readonly declaresMerges: boolean
  readonly labels: LabelPostings = new LabelPostings()
  readonly indexes: Postings = new Postings()
  /** Undefined when no index is ordered. */
  readonly values: ValueOrder | undefined
  readonly watchers: WatchRegistry = new WatchRegistry()
  /** Those who are told of a revision when it is on the disk. */
  readonly durableWatchers: WatchRegistry = new WatchRegistry()
  /** Namespaces by name. */
  readonly order: KeyOrder<NamespaceTable> = new KeyOrder()
  readonly #spaces = new Map<string, NamespaceTable>()
  /** The last one found: a write asks for its object several times. */
  #found: TableEntry | undefined = undefined

  constructor(kind: Kind, admission: AdmissionChain | undefined) {
    this.kind = kind
    this.admission = admission
    this.fieldType = fieldTypeOf(kind)
    this.declaresMerges = Object.keys(kind.mergeTypes).length > 0
    this.values = kind.orderedIndexes.length === 0 ? undefined : new ValueOrder(kind.orderedIndexes)
  }

  space(namespace: string | undefined): NamespaceTable | undefined {
    return this.#spaces.get(namespace ?? '')
  }

  find(namespace: string | undefined, name: string): TableEntry | undefined {
    const found = this.#found
    if (found !== undefined && isLive(found, namespace ?? '', name)) return found
    const entry = this.#spaces.get(namespace ?? '')?.get(name)
    if (entry !== undefined) this.#found = entry
    return entry
  }

  open(namespace: string | undefined, name: string): TableEntry {
    const key = namespace ?? ''
    const found = this.#found
    if (found !== undefined && isLive(found, key, name)) return found
    let space = this.#spaces.get(key)
    if (space === undefined) {
      space = new NamespaceTable(this, key)
      this.#spaces.set(key, space)
      this.order.insert(space)
    }
    return space.open(name)
  }

  /** The newest version of `entry` is found where `after` is, and no longer where `before` was. */
  post(entry: TableEntry, before: Version | undefined, after: Version): void {
    const old = before?.terms ?? NO_TERMS
    this.labels.change(entry, labelsOf(before), labelsOf(after))
    this.indexes.change(entry, old, after.terms)
    this.values?.change(entry, old, after.terms)
  }

  /** The version `before`, which `after` followed, is cut. */
  cut(entry: TableEntry, before: Version, after: Version): void {
    this.labels.cut(entry, labelsOf(before), labelsOf(after))
    this.indexes.cut(entry, before.terms, after.terms)
    this.values?.cut(entry, before.terms, after.terms)
  }

  /** How many objects there are; costs the namespaces. */
  countObjects(): number {
    let count = 0
    this.order.forEach(space => void (count += space.order.size))
    return count
  }

  /** Lets go of a namespace in which nothing is left. */
  dropIfEmpty(space: NamespaceTable): void {
    if (!space.empty) return
    this.#spaces.delete(space.name)
    this.order.remove(space.name)
  }
}

/** Only an entry whose object is gone can be forgotten; so a live one is still the one of its key. */
function isLive({ space, name, head }: TableEntry, wantedSpace: string, wantedName: string): boolean {
  return name === wantedName && space.name === wantedSpace && head?.object !== undefined
}

const NO_LABELS: Labels = /* @__PURE__ */ Object.freeze({})

function labelsOf(version: Version | undefined): Labels {
  return version?.object?.metadata.labels ?? NO_LABELS
}
