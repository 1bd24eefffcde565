import type { ObjectChange, StoredObject } from '../../../store/index.js'

/** What is different; an object that was deleted and created again is two. */
export function changesBetween(
  before: readonly StoredObject[],
  after: readonly StoredObject[],
): readonly ObjectChange[] {
  const changes: ObjectChange[] = []
  const old = new Map(before.map(object => [object.metadata.uid, object]))
  for (const object of after) {
    const { uid } = object.metadata
    const previous = old.get(uid)
    old.delete(uid)
    if (previous !== object) changes.push({ before: previous, after: object })
  }
  for (const object of old.values()) changes.push({ before: object, after: undefined })
  return changes
}
