import type { ObjectRef } from '../store/index.js'

/** The answer to a request to disrupt. */
export type DisruptionVerdict =
  | { readonly kind: 'granted' }
  | {
      readonly kind: 'refused'
      /** The budget that stands in the way. */
      readonly budget: ObjectRef
      /** How many more may be disrupted now. */
      readonly allowed: number
      readonly message: string
    }

/** What drains, rollouts, preemption and rebalancing ask before they take tasks away on purpose. */
export interface DisruptionGate {
  /** May these tasks be disrupted together? All or none. */
  request(tasks: readonly ObjectRef[]): Promise<DisruptionVerdict>
}
