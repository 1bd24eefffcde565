import { type Action, FAULT_KINDS, type FaultKind } from './action.js'
import { lateAnswers, lostAnswers, refusals } from './answers.js'
import { disconnections, expiries } from './breaks.js'
import { crashes } from './crashes.js'
import type { FaultPlan } from './fault-settings.js'
import { freezes } from './freezes.js'
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
  loseAnswer: lostAnswers,
  refuse: refusals,
  lateAnswer: lateAnswers,
  freeze: freezes,
  disconnect: disconnections,
  expire: expiries,
}

/** Faults that may happen now, of which `left` says how many more may. */
export function faultsOffered(
  situation: Situation,
  plan: FaultPlan,
  left: Readonly<Record<FaultKind, number>>,
): readonly Action[] {
  const found: Action[] = []
  for (const kind of FAULT_KINDS) {
    if (left[kind] <= 0) continue
    const { target } = plan[kind]
    for (const action of OFFERS[kind](situation))
      if (target === undefined || target(action)) found.push(action)
  }
  return found
}
