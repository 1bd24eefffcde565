import type { WatchEvent } from '../engine/watch-batch.js'
import { diffJson } from '../json/json-diff.js'
import type { JsonPatchOperation } from '../json/json-patch.js'
import type { StoredObject } from '../object/object.js'
import { removedObject } from '../object/object.js'

interface Difference {
  readonly previous: StoredObject
  readonly patch: readonly JsonPatchOperation[]
}

/** Differences by the newer object: several events may tell the same change. */
const differences = /* @__PURE__ */ new WeakMap<StoredObject, Difference>()

/** An event whose patch is made when somebody reads it. */
class LazyEvent implements WatchEvent<StoredObject> {
  readonly type: WatchEvent<StoredObject>['type']
  readonly object: StoredObject
  declare readonly previous?: StoredObject

  constructor(
    type: WatchEvent<StoredObject>['type'],
    object: StoredObject,
    previous: StoredObject | undefined,
  ) {
    this.type = type
    this.object = object
    if (previous !== undefined) this.previous = previous
    Object.freeze(this)
  }

  get patch(): readonly JsonPatchOperation[] | undefined {
    const { type, object, previous } = this
    if (type !== 'MODIFIED' || previous === undefined) return undefined
    const known = differences.get(object)
    if (known?.previous === previous) return known.patch
    const patch = Object.freeze(diffJson(previous, object))
    differences.set(object, { previous, patch })
    return patch
  }
}

/** What one object was and is, to somebody who sees only some states of it. */
export interface Transition {
  /** The state before, if it was seen. */
  readonly was: StoredObject | undefined
  /** The state after, if it is seen. */
  readonly is: StoredObject | undefined
  /** The state before, seen or not. */
  readonly before: StoredObject | undefined
  readonly revision: number
}

/** Appends the events of a transition: none, one, or two where one life of a name ended and another began. */
export function appendEvents(events: WatchEvent<StoredObject>[], transition: Transition): void {
  const { was, is, before, revision } = transition
  if (was !== undefined && is !== undefined && was.metadata.uid === is.metadata.uid) {
    events.push(new LazyEvent('MODIFIED', is, was))
    return
  }
  if (was !== undefined) events.push(new LazyEvent('DELETED', removedObject(was, revision), was))
  if (is === undefined) return
  const isSameLife = before !== undefined && before.metadata.uid === is.metadata.uid
  events.push(new LazyEvent('ADDED', is, isSameLife ? before : undefined))
}

/** The event of an object that was there already. */
export function initialEvent(object: StoredObject): WatchEvent<StoredObject> {
  return new LazyEvent('ADDED', object, undefined)
}
