import type { FailureAction, FailurePolicy } from '../../core/internal.js'
import type { KubernetesStrategy } from './kubernetes-rollout.js'

/** The fields of a Deployment's spec that say how it is rolled out: spread them into it. */
export interface RolloutFields extends KubernetesStrategy {
  readonly strategy: NonNullable<KubernetesStrategy['strategy']>
  readonly minReadySeconds?: number
  readonly onFailure?: FailureAction | FailurePolicy
}
