import type { FaultKind } from '../actions/faults/faults.js'
import type { TraceStep } from '../actions/trace-step.js'
import type { InvariantName } from './invariant-name.js'
import type { Violation } from './violation.js'

/** Faults that come from somebody who changes their mind. */
export const DETOURS: readonly FaultKind[] = ['edit', 'remove']
const CRASHES: readonly FaultKind[] = ['crash', 'outage']

/**
 * `converges`, by the name that says what it takes to break it. To be asked of an execution from which everything
 * was taken that it does not take.
 */
export function nameViolation(violation: Violation, trace: readonly TraceStep[]): Violation {
  if (violation.invariant !== 'converges') return violation
  const faults = new Set<string>(trace.filter(({ isFault }) => isFault).map(({ kind }) => kind))
  const onlyOf = (kinds: readonly string[]): boolean =>
    faults.size > 0 && [...faults].every(kind => kinds.includes(kind))
  const named = (invariant: InvariantName, after: string): Violation => ({
    ...violation,
    invariant,
    message: `${after}, ${violation.message}`,
  })
  if (onlyOf(CRASHES)) return named('crashConvergent', 'after a crash')
  return onlyOf(DETOURS) ? named('historyInsensitive', 'after a detour of the user') : violation
}
