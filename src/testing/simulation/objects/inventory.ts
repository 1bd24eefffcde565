import { compareText } from '../../../core/internal.js'
import type { Kind, ObjectChange, Store, StoredObject } from '../../../store/index.js'
import { changesSince } from '../../../store/internal.js'
import { changesBetween } from './object-changes.js'
import { keyOf } from './object-names.js'

type Objects = readonly StoredObject[]

/** All objects of a store, and what is often asked of all of them; kept up to date by what each write changes. */
export class Inventory {
  readonly #store: Store
  readonly #kinds: readonly Kind[]
  #revision = 0
  #objects: Objects = []
  #uids = new Set<string>()
  /** How many objects name it as their owner, by uid. */
  #owned = new Map<string, number>()
  #garbage: Objects = []
  #controlled = 0
  readonly #byKey = new Map<string, StoredObject>()

  constructor(store: Store, kinds: readonly Kind[]) {
    this.#store = store
    this.#kinds = kinds
  }

  /** Every object, by kind, then namespace and name. */
  get objects(): Objects {
    this.#follow()
    return this.#objects
  }

  /** What a garbage collector would take away: objects whose owners are all gone. */
  get garbage(): Objects {
    this.#follow()
    return this.#garbage
  }

  /** How many objects somebody controls and nobody is deleting. */
  get controlled(): number {
    this.#follow()
    return this.#controlled
  }

  /** Those that have one of these keys. */
  withKeys(keys: ReadonlySet<string>): Objects {
    this.#follow()
    const found = [...keys].flatMap(key => this.#byKey.get(key) ?? [])
    return found.length < 2 ? found : this.#objects.filter(object => found.includes(object))
  }

  /** What is different since another revision, at which there were these objects. */
  changesSince(revision: number, before: Objects): readonly ObjectChange[] {
    const changes = changesSince(this.#store, revision)
    // Most steps write once. Of several writes, only what comes of them counts.
    return changes?.length === 1 ? changes : changesBetween(before, this.objects)
  }

  #follow(): void {
    const { revision } = this.#store
    if (revision === this.#revision) return
    const changes = changesSince(this.#store, this.#revision)
    this.#revision = revision
    if (changes === undefined) this.#readAll()
    else for (const change of changes) this.#apply(change)
  }

  #readAll(): void {
    this.#objects = this.#kinds.flatMap(kind => this.#store.list(kind).items)
    this.#uids = new Set(this.#objects.map(({ metadata }) => metadata.uid))
    this.#owned = new Map()
    for (const object of this.#objects) this.#countOwners(object, 1)
    this.#garbage = this.#objects.filter(object => this.#isGarbage(object))
    this.#controlled = this.#objects.filter(isControlled).length
    this.#byKey.clear()
    for (const object of this.#objects) this.#byKey.set(keyOf(object), object)
  }

  #apply({ before, after }: ObjectChange): void {
    const objects = this.#objects.slice()
    if (before !== undefined) this.#byKey.delete(keyOf(before))
    if (after !== undefined) this.#byKey.set(keyOf(after), after)
    if (before !== undefined) {
      const at = objects.indexOf(before)
      if (after?.metadata.uid === before.metadata.uid) objects[at] = after
      else objects.splice(at, 1)
      if (isControlled(before)) this.#controlled--
    }
    if (after !== undefined) {
      if (after.metadata.uid !== before?.metadata.uid) objects.splice(this.#placeOf(after, objects), 0, after)
      if (isControlled(after)) this.#controlled++
    }
    this.#objects = objects
    this.#sort({ before, after })
  }

  /** Garbage comes to be where an owner goes, or with an object whose owner is gone by then. */
  #sort({ before, after }: ObjectChange): void {
    if (before !== undefined) {
      this.#uids.delete(before.metadata.uid)
      this.#countOwners(before, -1)
    }
    if (after !== undefined) {
      this.#uids.add(after.metadata.uid)
      this.#countOwners(after, 1)
    }
    const isGone = before !== undefined && after?.metadata.uid !== before.metadata.uid
    const isMore =
      (isGone && this.#owned.has(before.metadata.uid)) || (after !== undefined && this.#isGarbage(after))
    if (isMore) this.#garbage = this.#objects.filter(object => this.#isGarbage(object))
    else if (this.#garbage.length > 0) this.#garbage = this.#garbage.filter(object => object !== before)
  }

  #countOwners({ metadata: { ownerReferences } }: StoredObject, by: 1 | -1): void {
    for (const { uid } of ownerReferences) {
      const count = (this.#owned.get(uid) ?? 0) + by
      if (count === 0) this.#owned.delete(uid)
      else this.#owned.set(uid, count)
    }
  }

  #isGarbage({ metadata: { ownerReferences, deletionTimestamp } }: StoredObject): boolean {
    return (
      ownerReferences.length > 0 &&
      deletionTimestamp === undefined &&
      ownerReferences.every(({ uid }) => !this.#uids.has(uid))
    )
  }

  #placeOf(object: StoredObject, objects: Objects): number {
    let low = 0
    let high = objects.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#order(objects[middle] as StoredObject, object) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #order(one: StoredObject, other: StoredObject): number {
    const { metadata: a } = one
    const { metadata: b } = other
    return (
      this.#kindIndex(one) - this.#kindIndex(other) ||
      compareText(a.namespace ?? '', b.namespace ?? '') ||
      compareText(a.name, b.name)
    )
  }

  #kindIndex({ kind, apiVersion }: StoredObject): number {
    return this.#kinds.findIndex(known => known.kind === kind && known.apiVersion === apiVersion)
  }
}

/** True of what somebody makes again who looks after it. */
export function isControlled({ metadata: { deletionTimestamp, ownerReferences } }: StoredObject): boolean {
  return deletionTimestamp === undefined && ownerReferences.some(({ controller }) => controller === true)
}
