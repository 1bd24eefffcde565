import type { ActionOf } from '../world/action-of.js'
import type { World } from '../world/world.js'

/**
 * The next timer fires, however long it takes until then. Those of several processes at one instant are in no order;
 * those of one process fire as they were armed.
 */
export function timerActions<Kind extends 'timer' | 'wait' | 'delay'>(
  { clock }: World,
  kind: Kind,
): readonly ActionOf<Kind>[] {
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
