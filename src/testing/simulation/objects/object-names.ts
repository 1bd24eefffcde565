import type { StoredObject } from '../../../store/index.js'
import type { ObjectId } from '../../../store/internal.js'
import { describeObject, keyText, refOf } from '../../../store/internal.js'

/** The name of an object in labels and messages: `Task default/web-1`. */
export function nameOf(object: StoredObject): string {
  return describeObject(idOf(object))
}

/** Its key, as the steps of a store name what they write: `Task/default/web-1`. */
export function keyOf(object: StoredObject): string {
  return keyText(idOf(object))
}

function idOf(object: StoredObject): ObjectId {
  return { kind: object.kind, ...refOf(object) }
}
