import { InvalidError, UsageError } from '../../core/index.js'
import type { Kind, ObjectInput } from '../../store/index.js'
import { FAULT_KINDS, type FaultKind } from './actions/action.js'
import type { ExecutionSetup } from './run/execution.js'
import type { Expectations } from './judge/invariants.js'
import type { MakeParts } from './world/world.js'

/** What a simulated world holds, and what may go wrong in it. */
export interface SimulateOptions {
  /** The kinds of the store. */
  readonly kinds: readonly Kind[]
  /**
   * What the user wants, each with `kind` and `metadata.name`. They are created one after the other; the user may
   * change their specs or delete them, and comes back to these in the end, or deletes them all.
   */
  readonly objects: readonly ObjectInput[]
  /** How often each may happen in one execution. Default: 1 crash, 1 delay, 2 touches, 2 edits, 1 removal. */
  readonly faults?: Partial<Readonly<Record<FaultKind, number>>>
  /** Must hold after each write, whoever wrote. Default none. */
  readonly always?: Expectations
  /** Must hold whenever the world is at rest with the objects as given. Default none. */
  readonly atRest?: Expectations
  /** Most steps of one execution; more break `noHotLoop`. Default 2,000. */
  readonly stepsMax?: number
}

const BUDGET_DEFAULT: Readonly<Record<FaultKind, number>> = {
  crash: 1,
  delay: 1,
  touch: 2,
  edit: 2,
  remove: 1,
}

/** @throws UsageError, InvalidError */
export function setupOf(make: MakeParts, options: SimulateOptions, seed: number): ExecutionSetup {
  const { kinds, objects, faults = {}, always = {}, atRest = {}, stepsMax = 2_000 } = options
  if (typeof make !== 'function')
    throw new UsageError('the first argument makes what is under test: () => createController({ … })')
  const budget = { ...BUDGET_DEFAULT, ...faults }
  const numbers = [...Object.entries(budget), ['stepsMax', stepsMax] as const, ['seed', seed] as const]
  const problems = numbers
    .filter(([, value]) => !Number.isSafeInteger(value) || value < 0)
    .map(([field, value]) => ({ field, value, message: 'must be a whole number ≥ 0' }))
  const unknown = Object.keys(budget)
    .filter(kind => !FAULT_KINDS.some(known => known === kind))
    .map(kind => ({
      field: `faults.${kind}`,
      value: kind,
      message: `must be one of ${FAULT_KINDS.join(', ')}`,
    }))
  if (problems.length + unknown.length > 0) throw new InvalidError('simulation', [...problems, ...unknown])
  return { make, kinds, objects, budget, always, atRest, stepsMax, seed }
}

/** Budgets as text. */
export function describeBudget(budget: Readonly<Record<FaultKind, number>>): string {
  return FAULT_KINDS.map(kind => `${kind} ${budget[kind]}`).join(', ')
}
