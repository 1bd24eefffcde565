import type { StoredObject } from '../../../store/index.js'

/** What a garbage collector would take away: objects whose owners are all gone. */
export function garbageIn(objects: readonly StoredObject[]): readonly StoredObject[] {
  let uids: ReadonlySet<string> | undefined
  const garbage: StoredObject[] = []
  for (const object of objects) {
    const { ownerReferences, deletionTimestamp } = object.metadata
    if (ownerReferences.length === 0 || deletionTimestamp !== undefined) continue
    uids ??= new Set(objects.map(({ metadata }) => metadata.uid))
    const living = uids
    if (ownerReferences.every(({ uid }) => !living.has(uid))) garbage.push(object)
  }
  return garbage
}
