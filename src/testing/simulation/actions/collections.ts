import type { StoredObject } from '../../../store/index.js'
import { nameOf } from '../objects/object-names.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'

const NONE: readonly Action[] = []
/** By what is to be taken away: most steps change nothing of it. */
const known = new WeakMap<readonly StoredObject[], readonly Action[]>()

/** What a garbage collector would take away. */
export function collections(world: World): readonly Action[] {
  if (!world.collects) return NONE
  const { garbage } = world.inventory
  if (garbage.length === 0) return NONE
  let actions = known.get(garbage)
  if (actions === undefined) {
    actions = garbage.map(object => collectionOf(object, world))
    known.set(garbage, actions)
  }
  return actions
}

function collectionOf(object: StoredObject, world: World): Action {
  return {
    kind: 'collect',
    actor: 'collector',
    label: `delete ${nameOf(object)}, whose owner is gone`,
    run: async () => {
      await world.store.delete(world.kindOf(object), object.metadata)
    },
  }
}
