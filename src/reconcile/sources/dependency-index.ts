import { contentHash } from '../../core/index.js'
import type { Kind, ListOptions, ObjectRef, StoredObject } from '../../store/index.js'
import { objectFilter, refText } from '../../store/internal.js'
import { kindId, objectId } from '../object-key.js'
import type { SourceChange } from './event-mapping.js'

/** What a key depends on: one object, or those that a list with these options shows. */
export type Dependency =
  | { readonly kind: Kind; readonly ref: ObjectRef; readonly scope?: undefined }
  | { readonly kind: Kind; readonly scope: ListOptions; readonly ref?: undefined }

/** Equal exactly for equal dependencies. */
export function dependencyId({ kind, ref, scope }: Dependency): string {
  return `${kindId(kind)}/${ref === undefined ? `?${contentHash(scope)}` : refText(ref)}`
}

type Keys = Map<string, ObjectRef>

interface Scope {
  readonly holds: (object: StoredObject) => boolean
  readonly keys: Keys
}

/** Who depends on what, so that a change finds its keys in time proportional to them and to the lists of its kind. */
export class DependencyIndex {
  readonly #byKey = new Map<string, Map<string, Dependency>>()
  /** By id of the dependency on one object, which is that of the object. */
  readonly #byObject = new Map<string, Keys>()
  /** By kind, by id of the dependency. */
  readonly #scopes = new Map<string, Map<string, Scope>>()
  /** How many dependencies there are on each kind. */
  readonly #kinds = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#byKey.size === 0
  }

  /** True when some key depends on objects of the kind with this id. */
  hasKind(id: string): boolean {
    return this.#kinds.has(id)
  }

  /**
   * `key` depends on it from now on.
   *
   * @throws InvalidError, BadRequestError for selectors that are none
   */
  add(key: ObjectRef, dependency: Dependency): void {
    const id = dependencyId(dependency)
    const keyId = refText(key)
    const known = this.#byKey.get(keyId)
    if (known?.has(id) === true) return
    const kind = kindId(dependency.kind)
    this.#keysOn(dependency, id).set(keyId, key)
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
    if (known === undefined) this.#byKey.set(keyId, new Map([[id, dependency]]))
    else known.set(id, dependency)
  }

  /** `key` depends on nothing any more but on those of `kept`. */
  keep(key: ObjectRef, kept: ReadonlySet<string>): void {
    const keyId = refText(key)
    const known = this.#byKey.get(keyId)
    for (const [id, dependency] of known ?? []) {
      if (kept.has(id)) continue
      known?.delete(id)
      this.#remove(keyId, id, dependency)
    }
    if (known?.size === 0) this.#byKey.delete(keyId)
  }

  /** In the order in which they were added. */
  of(key: ObjectRef): readonly Dependency[] {
    return [...(this.#byKey.get(refText(key))?.values() ?? [])]
  }

  /** The keys that depend on what has changed. */
  keysOf(change: SourceChange): readonly ObjectRef[] {
    const { before, after } = change
    const object = after ?? before
    if (object === undefined) return []
    const found = new Map(this.#byObject.get(objectId(object)))
    for (const { holds, keys } of this.#scopes.get(kindId(object))?.values() ?? []) {
      const isIn = (state: StoredObject | undefined): boolean => state !== undefined && holds(state)
      if (isIn(before) || isIn(after)) for (const [id, key] of keys) found.set(id, key)
    }
    return [...found.values()]
  }

  /** The keys that depend on anything of the kind with this id. */
  keysOfKind(id: string): readonly ObjectRef[] {
    const found: Keys = new Map()
    for (const [dependency, keys] of this.#byObject)
      if (dependency.startsWith(`${id}/`)) for (const [keyId, key] of keys) found.set(keyId, key)
    for (const { keys } of this.#scopes.get(id)?.values() ?? [])
      for (const [keyId, key] of keys) found.set(keyId, key)
    return [...found.values()]
  }

  #keysOn({ kind, scope }: Dependency, id: string): Keys {
    if (scope === undefined) {
      const keys = this.#byObject.get(id) ?? new Map<string, ObjectRef>()
      this.#byObject.set(id, keys)
      return keys
    }
    const scopes = this.#scopes.get(kindId(kind)) ?? new Map<string, Scope>()
    const found = scopes.get(id) ?? { holds: objectFilter(kind, scope), keys: new Map<string, ObjectRef>() }
    scopes.set(id, found)
    this.#scopes.set(kindId(kind), scopes)
    return found.keys
  }

  #remove(keyId: string, id: string, { kind, scope }: Dependency): void {
    const name = kindId(kind)
    const scopes = this.#scopes.get(name)
    const keys = scope === undefined ? this.#byObject.get(id) : scopes?.get(id)?.keys
    keys?.delete(keyId)
    if (keys?.size === 0 && scope === undefined) this.#byObject.delete(id)
    if (keys?.size === 0 && scope !== undefined) scopes?.delete(id)
    if (scopes?.size === 0) this.#scopes.delete(name)
    const left = (this.#kinds.get(name) ?? 0) - 1
    if (left > 0) this.#kinds.set(name, left)
    else this.#kinds.delete(name)
  }
}
