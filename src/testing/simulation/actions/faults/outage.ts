import type { Making } from '../../world/action-of.js'
import { offerSome } from '../../world/action-of.js'
import type { World } from '../../world/world.js'
import type { Fault } from './fault.js'

const AWAY_MS = 86_400_000

export const outage: Fault<'outage'> = {
  kind: 'outage',
  times: 1,
  isLeftOut: 'mostly',
  isPlannedAtRest: true,
  says: 'every process dies, and none runs for a day; then they start with an empty memory',
  offers: ({ world }) => offerSome(Math.min(1, world.processes.length), world, OUTAGE),
}

const OUTAGE: Making<World, World, 'outage'> = {
  list: world => [world],
  make: world => ({
    kind: 'outage',
    actor: 'host',
    label: 'nobody runs for a day',
    run: () => {
      world.crashAll()
      world.clock.moveTo(world.clock.elapsedMs + AWAY_MS)
    },
  }),
}
