import type { WatchEvent } from '../engine/watch-batch.js'
import { diffJson } from '../json/json-diff.js'
import type { JsonPatchOperation } from '../json/json-patch.js'
import type { ObjectChange, StoredObject } from '../object/object.js'
import { removedObject } from '../object/object.js'

interface Difference {
  readonly before: StoredObject
  readonly patch: readonly JsonPatchOperation[]
}

/** Differences by the newer object: several events may tell the same change. */
const differences = /* @__PURE__ */ new WeakMap<StoredObject, Difference>()

type Type = WatchEvent<StoredObject>['type']

/** An event whose patch is made when somebody reads it. */
class LazyEvent implements WatchEvent<StoredObject> {
  readonly type: Type
  readonly object: StoredObject
  declare readonly before?: StoredObject
  declare readonly after?: StoredObject

  constructor(type: Type, object: StoredObject, { before, after }: ObjectChange) {
    this.type = type
    this.object = object
    if (before !== undefined) this.before = before
    if (after !== undefined) this.after = after
    Object.freeze(this)
  }

  get patch(): readonly JsonPatchOperation[] | undefined {
    const { type, before, after } = this
    if (type !== 'MODIFIED' || before === undefined || after === undefined) return undefined
    const known = differences.get(after)
    if (known?.before === before) return known.patch
    const patch = Object.freeze(diffJson(before, after))
    differences.set(after, { before, patch })
    return patch
  }
}

/** A change of one object, to somebody who sees only some states of it: `before` and `after` are those seen. */
export interface SeenChange extends ObjectChange {
  /** The state before, seen or not. */
  readonly stored: StoredObject | undefined
  readonly revision: number
}

/** Appends the events of a change: none, one, or two where one life of a name ended and another began. */
export function appendEvents(events: WatchEvent<StoredObject>[], change: SeenChange): void {
  const { before, after, stored, revision } = change
  if (before !== undefined && after !== undefined && before.metadata.uid === after.metadata.uid) {
    events.push(new LazyEvent('MODIFIED', after, change))
    return
  }
  if (before !== undefined) events.push(new LazyEvent('DELETED', removedObject(before, revision), { before }))
  if (after === undefined) return
  const isSameLife = stored !== undefined && stored.metadata.uid === after.metadata.uid
  events.push(new LazyEvent('ADDED', after, { before: isSameLife ? stored : undefined, after }))
}

/** The event of an object that was there already. */
export function initialEvent(object: StoredObject): WatchEvent<StoredObject> {
  return new LazyEvent('ADDED', object, { after: object })
}
