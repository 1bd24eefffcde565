import type { Deployment } from '../../api/index.js'
import { takeDisruption } from '../../api/index.js'
import type { ObjectRef, Transaction } from '../../store/index.js'
import type { Blocker } from '../blocker.js'
import type { Plan, RolloutAction } from '../machine.js'
import { setsOf, tallyOf } from './replica-sets.js'

/** A step as far as the DisruptionBudgets allow it. */
export interface GrantedStep {
  readonly actions: readonly RolloutAction[]
  readonly blockers: readonly Blocker[]
  /** The budgets that allowed less than was asked for. */
  readonly budgets: readonly ObjectRef[]
}

/**
 * Asks the DisruptionBudgets for the available tasks that a step takes away, in its own transaction; where fewer may go, the
 * set keeps more. What does not work costs nothing, and neither does scaling.
 */
export function grantSizes(
  tx: Transaction,
  deployment: Deployment,
  { actions, state }: Plan,
  nowMs: number,
): GrantedStep {
  const { name, namespace = '' } = deployment.metadata
  const blockers: Blocker[] = []
  const budgets: ObjectRef[] = []
  const isOver = state.phase === 'succeeded' || state.phase === 'reverted'
  const sets = setsOf(tx, deployment)
  const granted = actions.flatMap((action): readonly RolloutAction[] => {
    const leaves =
      action.op === 'size' && !isOver && (action.template === state.template) === (state.phase === 'aborted')
    const set = leaves ? sets.find(one => tallyOf(one).template === action.template) : undefined
    if (action.op !== 'size' || set === undefined) return [action]
    // Who shrinks a set stops what is not available first.
    const count = Math.min(tallyOf(set).available, set.spec.replicas) - action.size
    if (count <= 0) return [action]
    const labels = set.spec.template.metadata?.labels ?? {}
    const grant = takeDisruption(tx, { namespace, labels, count }, { by: `rollout ${name}`, nowMs })
    const kept = count - grant.count
    if (kept <= 0) return [action]
    for (const { budget } of grant.refusals) {
      budgets.push(budget)
      blockers.push({ kind: 'disruption', template: action.template, count: kept, budget: budget.name })
    }
    const size = action.size + kept
    return size === set.spec.replicas ? [] : [{ ...action, size }]
  })
  return { actions: granted, blockers, budgets }
}
