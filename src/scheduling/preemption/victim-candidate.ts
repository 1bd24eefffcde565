import type { TaskPlacement } from '../task-ledger.js'

/** A disruption budget, as preemption sees it. */
export interface EvictionBudget {
  /** Unique among the budgets. */
  readonly name: string
  /** How many of its tasks may go now. */
  readonly allowed: number
}

/** A task that may have to make way. */
export interface VictimCandidate {
  readonly task: TaskPlacement
  /** The budgets that it counts in. */
  readonly budgets: readonly EvictionBudget[]
  /** Whether it would go beyond a budget if all candidates of its node went, the most important first. */
  readonly violates: boolean
  /** Whether it would find another node at once. */
  readonly fitsElsewhere: boolean
}

/** How much of it there is more when the task is gone; of `pods`, one. */
export function amountOf({ task }: VictimCandidate, resource: string): number {
  return resource === 'pods' ? 1 : (task.requests?.[resource] ?? 0)
}
