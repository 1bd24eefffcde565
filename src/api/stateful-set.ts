import type { Condition, LabelSelectorObject } from '../core/index.js'
import type { IntOrPercent } from '../core/internal.js'
import type { Json, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { setNameAdmission, statefulProblems } from './set-admission.js'
import { statefulSetSpecSchema } from './set-schemas.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'
import type { TaskTemplate } from './task.js'

/** What happens when the rollout of a set fails. */
export type SetFailureAction = 'continue' | 'pause' | 'revert'

/** Tasks with names that stay: `web-0`, `web-1` and so on. */
export interface StatefulSetSpec {
  readonly replicas: number
  /** Which tasks are its own; must match the template's labels. */
  readonly selector: LabelSelectorObject
  readonly template: TaskTemplate
  /** The first ordinal. Default 0. */
  readonly ordinals?: { readonly start: number }
  /**
   * `OrderedReady`: one after the other upwards, each when those below are available, and downwards from the top.
   * `Parallel`: all at once. Default `OrderedReady`.
   */
  readonly podManagementPolicy?: 'OrderedReady' | 'Parallel'
  readonly updateStrategy?: {
    readonly type: 'RollingUpdate'
    readonly rollingUpdate?: {
      /** Ordinals below it keep their revision. Default 0. */
      readonly partition?: number
      /** Tasks that may be unavailable: a count, or a percentage rounded down, at least 1. Default 1. */
      readonly maxUnavailable?: IntOrPercent
    }
  }
  /** Seconds that a task must be ready before it counts as available. Default 0. */
  readonly minReadySeconds?: number
  /** Seconds without progress after which the rollout has failed. Default 600. */
  readonly progressDeadlineSeconds?: number
  /** Default `pause`. */
  readonly onFailure?: SetFailureAction
  /** Old revisions kept for undo. Default 10. */
  readonly revisionHistoryLimit?: number
  /** True freezes the rollout; scaling and healing continue. */
  readonly paused?: boolean
}

/** Where the set stands. Condition: `Progressing`. */
export interface StatefulSetStatus {
  readonly observedGeneration?: number
  /** Number of the revision that `spec.template` is. */
  readonly revision?: number
  /** Template hash of the revision that succeeded last. */
  readonly currentRevision?: string
  /** Template hash of the revision that is rolled out. */
  readonly updateRevision?: string
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  /** Those that run `updateRevision`. */
  readonly updatedReplicas?: number
  readonly conditions?: readonly Condition[]
  /** The rollout's own record. */
  readonly rollout?: Json
}

export type StatefulSet = StoredObject<StatefulSetSpec, StatefulSetStatus>

/** Tasks that are not alike: each has a name of its own, which its successors have too. */
export const StatefulSet: Kind<StatefulSetSpec, StatefulSetStatus, 'StatefulSet'> =
  /* @__PURE__ */ defineKind<StatefulSetSpec, StatefulSetStatus, 'StatefulSet'>({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    plural: 'statefulsets',
    namespaced: true,
    schema: /* @__PURE__ */ objectSchema(statefulSetSpecSchema),
    admission: [
      /* @__PURE__ */ specAdmission<StatefulSetSpec, StatefulSetStatus>(statefulProblems),
      setNameAdmission,
    ],
  })
