import { offerEach } from '../../world/action-of.js'
import type { Fault } from './fault.js'

const AWAY_MS = 86_400_000

export const outage: Fault<'outage'> = {
  kind: 'outage',
  times: 1,
  isLeftOut: 'mostly',
  isPlannedAtRest: true,
  says: 'every process dies, and none runs for a day; then they start with an empty memory',
  offers: ({ world }) =>
    offerEach(world.processes.slice(0, 1), () => ({
      kind: 'outage',
      actor: 'host',
      label: 'nobody runs for a day',
      run: () => {
        world.crashAll()
        world.clock.moveTo(world.clock.elapsedMs + AWAY_MS)
      },
    })),
}
