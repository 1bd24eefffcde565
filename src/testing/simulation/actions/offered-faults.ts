import type { Action, FaultKind } from './action.js'
import { FAULT_KINDS } from './action.js'
import { lateAnswers, lostAnswers, refusals } from './answers.js'
import { disconnections, expiries } from './breaks.js'
import { crashes } from './crashes.js'
import { depositions } from './depositions.js'
import type { FaultPlan } from './fault-settings.js'
import { freezes } from './freezes.js'
import { lateStarts } from './late-starts.js'
import { overlaps, shutdowns } from './restarts.js'
import type { Situation } from './situation.js'
import { skews, stalls } from './stalls.js'
import { timerActions } from './timers.js'

/** For each kind of fault, where it is possible now. */
const OFFERS: Readonly<Record<FaultKind, (situation: Situation) => readonly Action[]>> = {
  crash: crashes,
  shutdown: shutdowns,
  overlap: overlaps,
  stall: stalls,
  skew: skews,
  depose: depositions,
  delay: ({ world, isBusy }) => {
    const atMs = world.clock.nextAtMs()
    return isBusy && atMs !== undefined && atMs > world.clock.elapsedMs
      ? timerActions(world, 'delay').slice(0, 1)
      : []
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
  stale: lateStarts,
}

/** What is tried unasked where several processes run, and asked elsewhere. */
const OF_SEVERAL: ReadonlySet<FaultKind> = /* @__PURE__ */ new Set(['shutdown', 'stall', 'skew'])

/** Faults that may happen now, of which `left` says how many more may. */
export function faultsOffered(
  situation: Situation,
  plan: FaultPlan,
  left: Readonly<Record<FaultKind, number>>,
): readonly Action[] {
  const found: Action[] = []
  for (const kind of FAULT_KINDS) {
    if (left[kind] <= 0) continue
    const { target, isAsked } = plan[kind]
    if (!isAsked && OF_SEVERAL.has(kind) && situation.world.instances < 2) continue
    for (const action of OFFERS[kind](situation))
      if (target === undefined || target(action)) found.push(action)
  }
  return found
}
