import { formatTime } from '../../../../core/index.js'
import type { StoredObject } from '../../../../store/index.js'
import { nameOf } from '../../objects/object-names.js'
import type { ActionOf, Making } from '../../world/action-of.js'
import { offerSome } from '../../world/action-of.js'
import type { World } from '../../world/world.js'
import type { Fault } from './fault.js'

export const depose: Fault<'depose'> = {
  kind: 'depose',
  times: 1,
  says: 'a stranger takes the record of an election and says no more, or deletes it',
  offers: ({ world }) => offerSome(2 * world.electionRecords().length, world, DEPOSITIONS),
}

const DEPOSITIONS: Making<ActionOf<'depose'>, World, 'depose'> = {
  list: world =>
    world.electionRecords().flatMap(record => [
      byStranger(`take ${nameOf(record)}`, () => take(world, record)),
      byStranger(`delete ${nameOf(record)}`, async () => {
        await world.store.delete(world.kindOf(record), record.metadata)
      }),
    ]),
  make: action => action,
}

function byStranger(label: string, run: () => Promise<void>): ActionOf<'depose'> {
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
