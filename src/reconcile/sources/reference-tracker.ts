import type { Kind, ObjectRef, StoredObject } from '../../store/index.js'
import { refOf, refText } from '../../store/internal.js'
import type { ChangeMapping, SourceChange } from './event-mapping.js'
import { createReverseIndex } from './reverse-index.js'

/** Knows which keys refer to an object of another kind. */
export interface ReferenceTracker {
  /** Takes in a change of an object that refers. */
  observe(change: SourceChange): void
  /** The keys that refer to a changed object. */
  readonly keysOf: ChangeMapping
}

/** Makes a tracker for references to objects of `kind`, as `refs` lists them. */
export function createReferenceTracker(
  kind: Kind,
  refs: (object: StoredObject) => readonly ObjectRef[],
): ReferenceTracker {
  const index = createReverseIndex()
  const keys = new Map<string, ObjectRef>()
  return {
    observe: ({ before, after }) => {
      const object = after ?? before
      if (object === undefined) return
      const key = refOf(object)
      const id = refText(key)
      const targets = after === undefined ? [] : refs(after).map(ref => refText(within(kind, ref, after)))
      index.set(id, targets)
      if (targets.length === 0) keys.delete(id)
      else keys.set(id, key)
    },
    keysOf: ({ before, after }) => {
      const object = after ?? before
      if (object === undefined) return []
      return index.referrers(refText(refOf(object))).flatMap(id => keys.get(id) ?? [])
    },
  }
}

/** A reference without a namespace means that of the object it stands in. */
function within(kind: Kind, ref: ObjectRef, object: StoredObject): ObjectRef {
  const { namespace } = object.metadata
  if (!kind.namespaced || ref.namespace !== undefined || namespace === undefined) return ref
  return { namespace, name: ref.name }
}
