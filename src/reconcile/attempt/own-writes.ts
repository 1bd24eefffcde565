import type { Kind, ListOptions, ObjectRef, StoredObject } from '../../store/index.js'
import { objectFilter, refText, selectObjects } from '../../store/internal.js'
import { inKeyOrder } from '../cache/object-table.js'
import { kindId } from '../object-key.js'

/** What a write of ours left behind: the object, nothing after a deletion, or what only the store knows. */
export type OwnWrite =
  | { readonly kind: 'object'; readonly object: StoredObject }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'unknown' }

interface Entry {
  readonly kind: Kind
  readonly ref: ObjectRef
  readonly revision: number
  readonly write: OwnWrite
}

/**
 * Writes that a cache has not heard of yet, laid over it. An entry goes as soon as the cache has reached its revision,
 * whether it was told of that object or not, so nothing stays.
 */
export class OwnWrites {
  readonly #byKind = new Map<string, Map<string, Entry>>()
  #newest = 0

  /** True when nothing is laid over a cache that is at `revision`. */
  isEmpty(revision: number): boolean {
    if (this.#byKind.size === 0) return true
    if (revision < this.#newest) return false
    this.clear()
    return true
  }

  clear(): void {
    this.#byKind.clear()
    this.#newest = 0
  }

  /** Of two writes of one object the one with the higher revision counts, in whatever order they are told. */
  note(kind: Kind, ref: ObjectRef, revision: number, write: OwnWrite): void {
    const name = kindId(kind)
    const entries = this.#byKind.get(name) ?? new Map<string, Entry>()
    this.#byKind.set(name, entries)
    const id = refText(ref)
    if ((entries.get(id)?.revision ?? 0) > revision) return
    entries.set(id, { kind, ref, revision, write })
    this.#newest = Math.max(this.#newest, revision)
  }

  /** What was written to `ref` since `revision`, if anything. */
  find(kind: Kind, ref: ObjectRef, revision: number): OwnWrite | undefined {
    if (this.isEmpty(revision)) return undefined
    const entry = this.#byKind.get(kindId(kind))?.get(refText(ref))
    return entry === undefined || entry.revision <= revision ? undefined : entry.write
  }

  /**
   * A list of a cache at `revision` as it is with these writes.
   *
   * @param live reads what only the store knows
   */
  merge(
    kind: Kind,
    options: ListOptions,
    {
      revision,
      items,
      live,
    }: {
      readonly revision: number
      readonly items: readonly StoredObject[]
      readonly live: (ref: ObjectRef) => StoredObject | undefined
    },
  ): readonly StoredObject[] {
    const entries = this.isEmpty(revision) ? undefined : this.#byKind.get(kindId(kind))
    if (entries === undefined) return items
    const filter = objectFilter(kind, options)
    const merged = items.filter(({ metadata }) => (entries.get(refText(metadata))?.revision ?? 0) <= revision)
    for (const { ref, write, revision: written } of entries.values()) {
      if (written <= revision || write.kind === 'deleted') continue
      const object = write.kind === 'object' ? write.object : live(ref)
      if (object !== undefined && filter(object)) merged.push(object)
    }
    return selectObjects(kind, options, () => inKeyOrder(merged))
  }
}
