import type { Kind, ObjectRef, StoredObject } from '../store/index.js'
import { refText } from '../store/internal.js'

/** The reference of which `id` is the text (`refText`). */
export function refOfId(id: string): ObjectRef {
  const slash = id.indexOf('/')
  return slash === -1 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) }
}

/** A kind as a text, equal exactly for equal kinds; of an object, that of its kind. */
export function kindId({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>): string {
  return `${apiVersion}/${kind}`
}

/** An object as a text, equal exactly for objects of one kind and key. */
export function objectId(object: StoredObject): string {
  return `${kindId(object)}/${refText(object.metadata)}`
}
