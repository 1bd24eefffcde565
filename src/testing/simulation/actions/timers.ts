import type { World } from '../world/world.js'
import type { Action } from './action.js'

/** The next timer fires, however long it takes until then. */
export function timerAction({ clock }: World, kind: 'timer' | 'wait' | 'delay'): Action {
  const actor = clock.pending()[0]?.process ?? 'world'
  return {
    kind,
    actor,
    label: kind === 'delay' ? 'a timer fires before what waits' : 'a timer fires',
    run: () => {
      clock.moveTo(clock.nextAtMs() ?? clock.elapsedMs)
      clock.fireNext()
    },
  }
}
