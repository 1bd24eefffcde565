import { timerActions } from '../timers.js'
import type { Fault } from './fault.js'

export const delay: Fault<'delay'> = {
  kind: 'delay',
  times: 1,
  says: 'a timer fires although steps wait that could have run before',
  offers: ({ world, isBusy }) => {
    const atMs = world.clock.nextAtMs()
    return isBusy && atMs !== undefined && atMs > world.clock.elapsedMs
      ? timerActions(world, 'delay').slice(0, 1)
      : []
  },
}
