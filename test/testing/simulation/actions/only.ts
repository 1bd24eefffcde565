import type { FaultOptions, MakeParts, SimulateOptions, Simulation } from '../../../../src/testing/index.js'
import { simulate } from '../../../../src/testing/index.js'
import type { FaultSettings } from '../../../../src/testing/simulation/actions/fault-settings.js'
import type { FaultKind } from '../../../../src/testing/simulation/actions/faults/faults.js'
import { FAULT_KINDS } from '../../../../src/testing/simulation/actions/faults/faults.js'

/** No other faults; these wherever they are possible, once unless told otherwise. */
export function only(kind: FaultKind, settings: FaultSettings = {}): FaultOptions {
  const none = Object.fromEntries(FAULT_KINDS.map(other => [other, 0]))
  return { ...none, [kind]: { times: 1, rate: 1e6, ...settings } }
}

/** The first simulation in which such a fault strikes and `holds`. */
export async function struck(
  make: MakeParts,
  options: SimulateOptions & { readonly faults: FaultOptions },
  holds: (simulation: Simulation) => boolean = () => true,
): Promise<Simulation> {
  for (let seed = 1; seed <= 60; seed++) {
    const simulation = await simulate(make, { ...options, seed })
    if (simulation.trace.some(({ isFault }) => isFault) && holds(simulation)) return simulation
  }
  throw new Error('in 60 simulations nothing like that has happened')
}
