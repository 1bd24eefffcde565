import type { World } from '../world/world.js'
import type { Action } from './action.js'

/**
 * The next timer fires, however long it takes until then. Those of several processes at one instant are in no order;
 * those of one process fire as they were armed.
 */
export function timerActions({ clock }: World, kind: 'timer' | 'wait' | 'delay'): readonly Action[] {
  const atMs = Math.max(clock.elapsedMs, clock.nextAtMs() ?? clock.elapsedMs)
  return clock.dueBy(atMs).map(({ process, isBackground }) => ({
    kind,
    actor: process,
    isBackground,
    label: kind === 'delay' ? 'a timer fires before what waits' : 'a timer fires',
    run: () => {
      clock.moveTo(atMs)
      clock.fireNext(process)
    },
  }))
}
