import { type Action, FAULT_KINDS, type FaultKind } from './action.js'
import { crashes } from './crashes.js'
import type { FaultPlan } from './fault-settings.js'
import type { Situation } from './situation.js'
import { timerAction } from './timers.js'

/** For each kind of fault, where it is possible now. */
const OFFERS: Readonly<Record<FaultKind, (situation: Situation) => readonly Action[]>> = {
  crash: crashes,
  delay: ({ world, isBusy }) => {
    const atMs = world.clock.nextAtMs()
    return isBusy && atMs !== undefined && atMs > world.clock.elapsedMs ? [timerAction(world, 'delay')] : []
  },
  touch: ({ world, user }) => user.touchings(world.keysUnderWay()),
  edit: ({ user }) => user.edits(),
  remove: ({ user }) => user.removals(),
  incident: ({ incidents }) => incidents.offers(),
}

/** Faults that may happen now, of which `left` says how many more may. */
export function faultsOffered(
  situation: Situation,
  plan: FaultPlan,
  left: Readonly<Record<FaultKind, number>>,
): readonly Action[] {
  return FAULT_KINDS.flatMap(kind => {
    if (left[kind] <= 0) return []
    const offered = OFFERS[kind](situation)
    const { target } = plan[kind]
    return target === undefined ? offered : offered.filter(target)
  })
}
