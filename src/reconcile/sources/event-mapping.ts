import type { Kind, ObjectChange, ObjectRef, Reader, StoredObject } from '../../store/index.js'
import { refOf } from '../../store/internal.js'
import { refersToKind } from '../owner-reference.js'

/** A change of one object, as a source sees it: `after` is absent after a deletion, `before` at a first sight. */
export interface SourceChange extends ObjectChange {
  /** True for a deletion that a new list showed and no event told: `before` may not be the last state. */
  readonly inferred?: true
}

/** Turns a change into the keys that must be looked at. Must be pure. */
export type ChangeMapping = (change: SourceChange) => readonly ObjectRef[]

/** The object's own key. */
export const mapToSelf: ChangeMapping = ({ before, after }) => {
  const object = after ?? before
  return object === undefined ? [] : [refOf(object)]
}

/** The managing owner of the object, or all its owners, before and after the change, if of kind `owner`. */
export function mapToOwners(owner: Kind, which: 'controller' | 'all'): ChangeMapping {
  return mapBoth(object => {
    const { namespace, ownerReferences } = object.metadata
    const keys: ObjectRef[] = []
    for (const reference of ownerReferences) {
      const { name, controller } = reference
      if (which === 'controller' && controller !== true) continue
      if (!refersToKind(reference, owner)) continue
      if (!owner.namespaced) keys.push({ name })
      else if (namespace !== undefined) keys.push({ namespace, name })
    }
    return keys
  })
}

/** What `map` says of the old and of the new object. */
export function mapWith(
  map: (object: StoredObject, reader: Reader) => readonly ObjectRef[],
  reader: Reader,
): ChangeMapping {
  return mapBoth(object => map(object, reader))
}

/** An update is mapped twice, so that what the object has left hears of it as well as what it has joined. */
function mapBoth(map: (object: StoredObject) => readonly ObjectRef[]): ChangeMapping {
  return ({ before, after }) => {
    const left = before === undefined ? [] : map(before)
    const joined = after === undefined ? [] : map(after)
    if (left.length === 0 || isSameKey(left, joined)) return joined
    return joined.length === 0 ? left : [...left, ...joined]
  }
}

/** As most updates are: what is one key before and after need not be woken twice. */
function isSameKey(
  [before, ...left]: readonly ObjectRef[],
  [after, ...joined]: readonly ObjectRef[],
): boolean {
  if (left.length > 0 || joined.length > 0) return false
  return before?.name === after?.name && before?.namespace === after?.namespace
}
