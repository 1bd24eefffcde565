import { assertValid } from '../../../core/internal.js'
import type { FaultOptions } from '../actions/fault-settings.js'
import type { FaultKind } from '../actions/faults/faults.js'
import type { Invariant } from '../judge/invariant.js'
import type { InvariantName } from '../judge/invariant-name.js'
import { INVARIANT_NAMES } from '../judge/invariant-name.js'
import { DETOURS } from '../judge/name-violation.js'

/** Without these faults, the invariant cannot break. */
const NEEDED: Partial<Readonly<Record<InvariantName, readonly FaultKind[]>>> = {
  crashConvergent: ['crash', 'outage', 'stale'],
  historyInsensitive: DETOURS,
}

/**
 * Faults, without those that could only break what is excepted.
 *
 * @throws InvalidError for unknown names, and for those that cannot be excepted
 */
export function faultsWithout(except: readonly InvariantName[], faults: FaultOptions): FaultOptions {
  const problems = except.flatMap(name => {
    const field = 'except'
    if (!INVARIANT_NAMES.includes(name))
      return [{ field, value: name, message: `must be one of ${INVARIANT_NAMES.join(', ')}` }]
    if (name === 'noHotLoop')
      return [{ field, value: name, message: 'is what ends an execution; without it nothing can be judged' }]
    const wanted = NEEDED[name]?.find(kind => faults[kind] !== undefined && faults[kind] !== 0)
    if (wanted === undefined) return []
    return [{ field, value: name, message: `leaves out the fault ${wanted}, which faults asks for` }]
  })
  assertValid('simulation', problems)
  const left = except.flatMap(name => (NEEDED[name] ?? []).map(kind => [kind, 0]))
  return { ...faults, ...(Object.fromEntries(left) as FaultOptions) }
}

/** @throws InvalidError for missing or duplicate names, and those of generic invariants */
export function assertNames(invariants: readonly Invariant[]): void {
  const taken = new Set<string>(INVARIANT_NAMES)
  const problems = invariants.flatMap(({ name, begin }) => {
    const isGood = typeof name === 'string' && name !== '' && !taken.has(name) && typeof begin === 'function'
    taken.add(name)
    return isGood
      ? []
      : [{ field: 'invariants', value: name, message: 'must be an invariant with a name of its own' }]
  })
  assertValid('simulation', problems)
}
