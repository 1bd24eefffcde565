import { nameOf } from '../objects/object-names.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'

const NONE: readonly Action[] = []

/** What a garbage collector would take away. */
export function collections(world: World): readonly Action[] {
  if (!world.collects) return NONE
  const { garbage } = world.inventory
  if (garbage.length === 0) return NONE
  return garbage.map(object => ({
    kind: 'collect',
    actor: 'collector',
    label: `delete ${nameOf(object)}, whose owner is gone`,
    run: async () => {
      await world.store.delete(world.kindOf(object), object.metadata)
    },
  }))
}
