import type { FieldProblem } from '../../../core/index.js'
import { assertValid, wholeNumber } from '../../../core/internal.js'
import type { Action } from './action.js'
import type { FaultKind } from './faults/faults.js'
import { FAULT_KINDS, FAULTS } from './faults/faults.js'

/** How often a fault may happen, and to what. */
export interface FaultSettings {
  /** Most of it in one execution. 0 switches it off. The default depends on the fault. */
  readonly times?: number
  /**
   * How likely it is where it is possible: its weight beside ordinary steps, which weigh 1 to 16. Above 0. Default:
   * another one in each execution, and 0 in half of them.
   */
  readonly rate?: number
  /** What it may happen to: the trace says `actor` and `label`. Default: everything. */
  readonly target?: (action: Pick<Action, 'actor' | 'label'>) => boolean
}

/** What may go wrong in a simulation: a number says how often. */
export type FaultOptions = Partial<Readonly<Record<FaultKind, number | FaultSettings>>>

/** The same, complete. */
export type FaultPlan = Readonly<Record<FaultKind, PlannedFault>>

/** What is planned for one fault. */
export interface PlannedFault extends FaultSettings {
  readonly times: number
  /** True when the options name it. */
  readonly isAsked: boolean
  /** True when it is only for executions that were planned, and only at rest. */
  readonly isPlannedOnly: boolean
}

/**
 * How often each fault may happen: what `faults` says, or else the default of the fault.
 *
 * @throws InvalidError which names every setting that is invalid
 */
export function planFaults(faults: FaultOptions, isExhaustive: boolean): FaultPlan {
  const problems = Object.entries(faults).flatMap(([kind, settings]) => problemsOf(kind, settings))
  assertValid('faults', problems)
  const plan = FAULTS.map(({ kind, times, timesExhaustive = 0, isPlannedAtRest = false }) => {
    const given = faults[kind]
    const isAsked = given !== undefined
    const isPlannedOnly = isExhaustive && isPlannedAtRest && !isAsked
    const usual = isExhaustive && !isPlannedOnly ? timesExhaustive : times
    const settings = typeof given === 'number' ? { times: given } : given
    return [kind, { times: usual, isAsked, isPlannedOnly, ...settings }]
  })
  return Object.fromEntries(plan) as FaultPlan
}

function problemsOf(kind: string, settings: number | FaultSettings): readonly FieldProblem[] {
  const field = `faults.${kind}`
  if (!FAULT_KINDS.some(known => known === kind))
    return [{ field, value: kind, message: `must be one of ${FAULT_KINDS.join(', ')}` }]
  const { times, rate, target } = typeof settings === 'number' ? { times: settings } : settings
  const problems = times === undefined ? [] : wholeNumber(`${field}.times`, times)
  if (rate !== undefined && !(Number.isFinite(rate) && rate > 0))
    problems.push({ field: `${field}.rate`, value: rate, message: 'must be a finite number above 0' })
  if (target !== undefined && typeof target !== 'function')
    problems.push({ field: `${field}.target`, value: target, message: 'must be a function of an action' })
  return problems
}

/** How often each may happen, as text. */
export function describeFaults(plan: FaultPlan): string {
  return FAULT_KINDS.map(kind => {
    const { times, isPlannedOnly } = plan[kind]
    return `${kind} ${times}${isPlannedOnly ? ' at rest' : ''}`
  }).join(', ')
}
