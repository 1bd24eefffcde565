import type { Action } from './action.js'
import type { FaultPlan } from './fault-settings.js'
import type { FaultKind } from './faults/faults.js'
import { FAULTS } from './faults/faults.js'
import type { Situation } from './situation.js'

/** Faults that may happen now, of which `left` says how many more may. */
export function faultsOffered(
  situation: Situation,
  plan: FaultPlan,
  left: Readonly<Record<FaultKind, number>>,
): readonly Action[] {
  const found: Action[] = []
  for (const { kind, ofSeveral, offers } of FAULTS) {
    if (left[kind] <= 0) continue
    const { target, isAsked } = plan[kind]
    if (!isAsked && ofSeveral === true && situation.world.instances < 2) continue
    for (const action of offers(situation)) if (target === undefined || target(action)) found.push(action)
  }
  return found
}
