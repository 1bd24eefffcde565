import type { StoredObject } from '../../../store/index.js'
import { nameOf } from '../objects/object-names.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'

/** What a garbage collector would take away: objects whose owners are all gone. */
export function collections(world: World): readonly Action[] {
  if (!world.collects) return []
  return garbageIn(world.objects()).map(object => ({
    kind: 'collect',
    actor: 'collector',
    label: `delete ${nameOf(object)}, whose owner is gone`,
    run: async () => {
      await world.store.delete(world.kindOf(object), object.metadata)
    },
  }))
}

function garbageIn(objects: readonly StoredObject[]): readonly StoredObject[] {
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
