import type { Condition, FieldProblem, LabelSelectorObject } from '../core/index.js'
import { isKeelsonError } from '../core/index.js'
import type { IntOrPercent } from '../core/internal.js'
import { labelSelectorFromObject, parseIntOrPercent } from '../core/internal.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { specAdmission } from './spec-admission.js'
import { closed, countOrPercent, objectSchema, selector } from './spec-schemas.js'

/** How many of the tasks that it selects may be taken away at once. Exactly one of the two bounds is given. */
export interface DisruptionBudgetSpec {
  /** Of its own namespace. `{}` selects all. */
  readonly selector: LabelSelectorObject
  /** So many stay available: a count, or a percentage of those wanted, rounded up. */
  readonly minAvailable?: IntOrPercent
  /** So many may be missing: a count, or a percentage of those wanted, rounded up, as in Kubernetes. */
  readonly maxUnavailable?: IntOrPercent
}

/** A disruption that was allowed and is not over. It ends when what it is for is gone, or after two minutes. */
export interface DisruptionGrantRecord {
  /** Who asked. */
  readonly by: string
  /** When. RFC 3339, by the clock of who asked. */
  readonly time: string
  /** The uid of the task that is to go. Absent in a grant for a count. */
  readonly task?: string
  /** A grant for a count of tasks that have these labels, whichever they are. */
  readonly count?: number
  readonly labels?: Readonly<Record<string, string>>
  /** Tasks that had these labels at the time, and when the newest of them was made: what is missing of them has gone. */
  readonly present?: number
  readonly newestTime?: string
}

/** What the budget allows now. Condition: `DisruptionAllowed`. */
export interface DisruptionBudgetStatus {
  readonly observedGeneration: number
  /** Tasks that are wanted: replicas of the owners where they tell, else the tasks that are there. */
  readonly expectedTasks: number
  /** Tasks that are ready, not on their way out, and not given away by a grant. */
  readonly currentHealthy: number
  readonly desiredHealthy: number
  /** So many more may be taken away now. */
  readonly disruptionsAllowed: number
  /** Those allowed that are not over. */
  readonly grants: readonly DisruptionGrantRecord[]
  readonly conditions?: readonly Condition[]
}

export type DisruptionBudget = StoredObject<DisruptionBudgetSpec, DisruptionBudgetStatus>

/**
 * One ledger for everybody who takes tasks away on purpose: rollouts, drains, preemption, rebalancing. What fails by
 * itself is not asked.
 */
export const DisruptionBudget: Kind<DisruptionBudgetSpec, DisruptionBudgetStatus, 'DisruptionBudget'> =
  /* @__PURE__ */ defineKind<DisruptionBudgetSpec, DisruptionBudgetStatus, 'DisruptionBudget'>({
    apiVersion: 'policy/v1',
    kind: 'DisruptionBudget',
    plural: 'disruptionbudgets',
    namespaced: true,
    schema: /* @__PURE__ */ objectSchema(
      /* @__PURE__ */ closed({ selector, minAvailable: countOrPercent, maxUnavailable: countOrPercent }, [
        'selector',
      ]),
    ),
    admission: [/* @__PURE__ */ specAdmission<DisruptionBudgetSpec, DisruptionBudgetStatus>(budgetProblems)],
  })

function budgetProblems(spec: DisruptionBudgetSpec): readonly FieldProblem[] {
  const bounds = (['minAvailable', 'maxUnavailable'] as const).filter(field => spec[field] !== undefined)
  const problems = [
    ...invalid(() => labelSelectorFromObject(spec.selector)).map(({ field, value, message }) => ({
      field: field === '' ? 'spec.selector' : `spec.selector.${field}`,
      value,
      message,
    })),
    ...bounds.flatMap(field => shareProblems(`spec.${field}`, spec[field] ?? 0)),
  ]
  if (bounds.length === 1) return problems
  const message = `needs exactly one of minAvailable and maxUnavailable, and has ${bounds.length === 0 ? 'none' : 'both'}`
  return [...problems, { field: 'spec', value: spec, message }]
}

function shareProblems(field: string, value: IntOrPercent): readonly FieldProblem[] {
  const isTooMuch = (): boolean => {
    const amount = parseIntOrPercent(value, field)
    return amount.kind === 'share' && amount.millionths > 1_000_000
  }
  const unread = invalid(isTooMuch)
  if (unread.length > 0) return unread
  return isTooMuch() ? [{ field, value, message: 'must be at most 100%' }] : []
}

/** What `read` refuses. */
function invalid(read: () => unknown): readonly FieldProblem[] {
  try {
    read()
    return []
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return error.details.problems
    throw error
  }
}
