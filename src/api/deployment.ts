import type { Condition, LabelSelectorObject } from '../core/index.js'
import type { FailureAction, FailurePolicy, RolloutStops } from '../core/internal.js'
import type { Json, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { deploymentSpecSchema } from './deployment-schema.js'
import { rolloutProblems, specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'
import type { TaskTemplate } from './task.js'

/** How one revision gives way to the next. */
export interface DeploymentStrategy extends RolloutStops {
  /** `Recreate` stops everything before it starts anything. Default `RollingUpdate`. */
  readonly type: 'RollingUpdate' | 'Recreate'
  readonly rollingUpdate?: {
    /** Tasks above `replicas`; an integer or a percentage, rounded up. Default `25%`. */
    readonly maxSurge?: number | string
    /** Tasks that may be missing; an integer or a percentage, rounded down. Default `25%`. */
    readonly maxUnavailable?: number | string
    /**
     * Counts tasks that are still stopping against `replicas` + `maxSurge`: slow stops then slow the rollout down, and
     * never are there more processes than that. Default false, as in Kubernetes.
     */
    readonly countStopping?: boolean
  }
}

/** The wanted state of a service's tasks. */
export interface DeploymentSpec {
  readonly replicas: number
  readonly selector: LabelSelectorObject
  readonly template: TaskTemplate
  readonly strategy?: DeploymentStrategy
  /** Seconds that a task must be ready before it counts as available. Default 0. */
  readonly minReadySeconds?: number
  /** Seconds without progress after which the rollout has failed. Default 600. */
  readonly progressDeadlineSeconds?: number
  /** A task that is not ready for so long is a failure. Default: never. */
  readonly readyWithinMs?: number
  /** So long after it began, pauses aside, a rollout that has not arrived has failed. Default: never. */
  readonly finishWithinMs?: number
  /** One action for every cause, or one by sort of cause. Default: what misses a deadline pauses, all else reverts. */
  readonly onFailure?: FailureAction | FailurePolicy
  /** Old revisions kept for undo. Default 10. */
  readonly revisionHistoryLimit?: number
  /** True freezes the rollout; scaling and healing continue. */
  readonly paused?: boolean
}

/** Where the rollout stands. Conditions: `Available`, `Progressing`. */
export interface DeploymentStatus {
  readonly observedGeneration?: number
  /** Number of the revision that `spec.template` is. */
  readonly revision?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly conditions?: readonly Condition[]
  /** The rollout engine's own record; read it through `keelson/rollout`. */
  readonly rollout?: Json
}

export type Deployment = StoredObject<DeploymentSpec, DeploymentStatus>

/** A replicated service with revisions. */
export const Deployment: Kind<DeploymentSpec, DeploymentStatus, 'Deployment'> = /* @__PURE__ */ defineKind<
  DeploymentSpec,
  DeploymentStatus,
  'Deployment'
>({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(deploymentSpecSchema),
  indexes: { service: ({ spec }) => spec.strategy?.service },
  admission: [/* @__PURE__ */ specAdmission<DeploymentSpec, DeploymentStatus>(rolloutProblems)],
})
