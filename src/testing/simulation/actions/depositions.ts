import { formatTime } from '../../../core/index.js'
import type { StoredObject } from '../../../store/index.js'
import { isElectionRecord } from '../objects/election-objects.js'
import { nameOf } from '../objects/object-names.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** A stranger may take each record of an election, and then be silent for ever, or delete it. */
export function depositions({ world }: Situation): readonly Action[] {
  return world
    .objects()
    .filter(isElectionRecord)
    .flatMap(record => [
      depose(`take ${nameOf(record)}`, () => take(world, record)),
      depose(`delete ${nameOf(record)}`, async () => {
        await world.store.delete(world.kindOf(record), record.metadata)
      }),
    ])
}

function depose(label: string, run: () => Promise<void>): Action {
  return { kind: 'depose', actor: 'stranger', label, run }
}

async function take(world: World, record: StoredObject): Promise<void> {
  const time = formatTime(world.clock.nowMs())
  await world.store.modify(world.kindOf(record), record.metadata, draft => {
    const spec = draft.spec as Record<string, unknown>
    spec['holderIdentity'] = 'stranger'
    spec['leaseTransitions'] = Number(spec['leaseTransitions']) + 1
    for (const field of ['acquireTime', 'renewTime']) if (field in spec) spec[field] = time
  })
}
