import { UsageError } from '../../../core/index.js'
import type { Store } from '../../../store/index.js'
import { createStore } from '../../../store/index.js'
import type { ExecutionSetup } from '../setup/execution-setup.js'
import { STORE_PROCESS, WorldGround } from '../world/world-ground.js'

/** Where an execution is to happen. */
export interface WorldPlace {
  readonly ground: WorldGround
  readonly store: Store
}

/**
 * Makes the store of a world, in its time.
 *
 * @throws UsageError for a store that is not empty, or waits for something outside its world
 */
export async function prepareWorld({
  seed,
  kinds,
  createStore: make = createStore,
}: Pick<ExecutionSetup, 'seed' | 'kinds' | 'createStore'>): Promise<WorldPlace> {
  const ground = new WorldGround(seed)
  const made = make({ kinds, env: ground.envOf(STORE_PROCESS) })
  if (!(made instanceof Promise)) return { ground, store: assertEmpty(made, kinds) }
  return { ground, store: assertEmpty(await ground.answerOf(made), kinds) }
}

function assertEmpty(store: Store, kinds: ExecutionSetup['kinds']): Store {
  const found = kinds.find(kind => store.count(kind) > 0)
  if (found === undefined) return store
  throw new UsageError(
    `the store that createStore has made has objects of kind ${found.kind}: each execution begins with a store of its own, ` +
      'in which nothing is',
    { kind: found.kind },
  )
}
