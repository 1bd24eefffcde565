import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import type { ObjectSelector } from './selector.js'
import { disruptionBudgetSpecSchema, objectSchema } from './spec-schemas.js'

/** How many tasks may be missing on purpose. Exactly one bound is given. */
export interface DisruptionBudgetSpec {
  readonly selector: ObjectSelector
  /** Integer or percentage, rounded up. */
  readonly minAvailable?: number | string
  /** Integer or percentage, rounded up. */
  readonly maxUnavailable?: number | string
}

/** The ledger of granted disruptions. */
export interface DisruptionBudgetStatus {
  readonly observedGeneration: number
  readonly expectedTasks: number
  readonly healthyTasks: number
  readonly desiredHealthy: number
  readonly disruptionsAllowed: number
  /** Tasks granted and not yet seen to go, with the time of the grant. */
  readonly disruptedTasks?: Readonly<Record<string, string>>
}

export type DisruptionBudget = StoredObject<DisruptionBudgetSpec, DisruptionBudgetStatus>

/** What drains, rollouts and preemption share. */
export const DisruptionBudget: Kind<DisruptionBudgetSpec, DisruptionBudgetStatus> =
  /* @__PURE__ */ defineKind<DisruptionBudgetSpec, DisruptionBudgetStatus>({
    apiVersion: 'policy/v1',
    kind: 'DisruptionBudget',
    plural: 'disruptionbudgets',
    namespaced: true,
    schema: /* @__PURE__ */ objectSchema(disruptionBudgetSpecSchema),
  })
