import { nameOf } from '../objects/object-names.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'

/** What a garbage collector would take away. */
export function collections(world: World): readonly Action[] {
  if (!world.collects) return []
  return world.inventory.garbage.map(object => ({
    kind: 'collect',
    actor: 'collector',
    label: `delete ${nameOf(object)}, whose owner is gone`,
    run: async () => {
      await world.store.delete(world.kindOf(object), object.metadata)
    },
  }))
}
