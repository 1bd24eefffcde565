import type { StoredObject } from '../../../store/index.js'
import { nameOf } from '../world/user.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'

/** What a garbage collector would take away: objects whose owners are all gone. */
export function collections(world: World): readonly Action[] {
  if (!world.collects) return []
  const objects = world.objects()
  const uids = new Set(objects.map(({ metadata }) => metadata.uid))
  const isGarbage = ({ metadata: { ownerReferences, deletionTimestamp } }: StoredObject): boolean =>
    ownerReferences.length > 0 &&
    deletionTimestamp === undefined &&
    ownerReferences.every(({ uid }) => !uids.has(uid))
  return objects.filter(isGarbage).map(object => ({
    kind: 'collect',
    actor: 'collector',
    label: `delete ${nameOf(object)}, whose owner is gone`,
    run: async () => {
      await world.store.delete(world.kindOf(object), object.metadata)
    },
  }))
}
