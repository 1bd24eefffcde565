import { FAULT_KINDS, type FaultKind } from '../../../../src/testing/simulation/actions/action.js'
import type { FaultSettings } from '../../../../src/testing/simulation/actions/fault-settings.js'
import type { FaultOptions } from '../../../../src/testing/index.js'

/** No other faults; these wherever they are possible, once unless told otherwise. */
export function only(kind: FaultKind, settings: FaultSettings = {}): FaultOptions {
  const none = Object.fromEntries(FAULT_KINDS.map(other => [other, 0]))
  return { ...none, [kind]: { times: 1, rate: 1e6, ...settings } }
}
