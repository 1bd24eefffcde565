import type { ObjectRef, StoredObject } from '../object/object.js'
import { sameSpecPart } from '../object/object-parts.js'

/** One state of an object, linked to the one before it. */
export class Version {
  readonly revision: number
  /** Undefined where the object was deleted. */
  readonly object: StoredObject | undefined
  /** Where it is found besides its key and its labels: the terms of its owners, and of the indexes of its kind. */
  readonly terms: readonly string[]
  /** When the writer's metadata, the marks of deletion or the spec last changed, ≤ `revision`. */
  readonly specRevision: number
  /** When the status last changed, ≤ `revision`. */
  readonly statusRevision: number
  /** The revision that began this life of the object, and how many revisions this life has had; a deletion counts. */
  readonly createRevision: number
  readonly number: number
  /** Cut once nobody can ask for it any more. */
  previous: Version | undefined

  constructor(
    revision: number,
    object: StoredObject | undefined,
    terms: readonly string[],
    previous: Version | undefined,
  ) {
    this.revision = revision
    this.object = object
    this.terms = terms
    const before = previous?.object
    const sameLife =
      object !== undefined && before !== undefined && object.metadata.uid === before.metadata.uid
    this.specRevision =
      sameLife && sameSpecPart(object, before) ? (previous?.specRevision as number) : revision
    this.statusRevision =
      sameLife && object.status === before.status ? (previous?.statusRevision as number) : revision
    const goesOn = previous !== undefined && before !== undefined && (sameLife || object === undefined)
    this.createRevision = goesOn ? previous.createRevision : revision
    this.number = goesOn ? previous.number + (revision > previous.revision ? 1 : 0) : 1
    this.previous = previous
  }
}

export const NO_TERMS: readonly string[] = /* @__PURE__ */ Object.freeze([])

/** The place of one key. Its identity is stable while versions come and go, so indexes can hold it. */
export interface Entry {
  readonly space: { readonly name: string }
  readonly name: string
  /** The newest version; undefined only until the first commit. */
  readonly head: Version | undefined
}

/** The reference of the object of a key; the namespace of a kind without namespaces is `''`. */
export function refOfEntry({ space, name }: Entry): ObjectRef {
  return space.name === '' ? { name } : { namespace: space.name, name }
}

/** The order of keys: namespace, then name. Names are ASCII, so `<` is the order of their bytes. */
export function compareEntries(a: Entry, b: Entry): number {
  if (a.space.name === b.space.name) return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
  return a.space.name < b.space.name ? -1 : 1
}

/** The object as it was at `revision`. The chain must still reach that far. */
export function objectAt(entry: Entry, revision: number): StoredObject | undefined {
  return versionAt(entry, revision)?.object
}

/** The version that was the newest at `revision`, a deletion too. */
export function versionAt(entry: Entry, revision: number): Version | undefined {
  let version = entry.head
  while (version !== undefined && version.revision > revision) version = version.previous
  return version
}
