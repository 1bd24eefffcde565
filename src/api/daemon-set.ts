import type { Condition, LabelSelectorObject } from '../core/index.js'
import type { IntOrPercent } from '../core/internal.js'
import type { Json, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { daemonProblems } from './set-admission.js'
import { daemonSetSpecSchema } from './set-schemas.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'
import type { SetFailureAction } from './stateful-set.js'
import type { TaskTemplate } from './task.js'

/** One task on every node that takes it. */
export interface DaemonSetSpec {
  /** Which tasks are its own; must match the template's labels. */
  readonly selector: LabelSelectorObject
  /** Its `nodeSelector`, `constraints` and `tolerations` say which nodes take it. */
  readonly template: TaskTemplate
  readonly updateStrategy?: {
    readonly type: 'RollingUpdate'
    readonly rollingUpdate?: {
      /** Nodes without a task that is available: a count, or a percentage rounded up. Default 1; not with `maxSurge`. */
      readonly maxUnavailable?: IntOrPercent
      /** Nodes with a second task while it starts: a count, or a percentage rounded up. Default 0. */
      readonly maxSurge?: IntOrPercent
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
  /** True freezes the rollout; nodes that come and go are served. */
  readonly paused?: boolean
}

/** Where the set stands. Condition: `Progressing`. */
export interface DaemonSetStatus {
  readonly observedGeneration?: number
  /** Number of the revision that `spec.template` is. */
  readonly revision?: number
  /** Template hash of the revision that succeeded last. */
  readonly currentRevision?: string
  /** Template hash of the revision that is rolled out. */
  readonly updateRevision?: string
  /** Nodes that take a task now. */
  readonly desiredNumberScheduled?: number
  /** Of them, those that have one. */
  readonly currentNumberScheduled?: number
  /** Nodes that have one, and would take none now. */
  readonly numberMisscheduled?: number
  readonly numberReady?: number
  readonly numberAvailable?: number
  readonly numberUnavailable?: number
  /** Nodes that run `updateRevision`. */
  readonly updatedNumberScheduled?: number
  readonly conditions?: readonly Condition[]
  /** The rollout's own record. */
  readonly rollout?: Json
}

export type DaemonSet = StoredObject<DaemonSetSpec, DaemonSetStatus>

/** One task per node. */
export const DaemonSet: Kind<DaemonSetSpec, DaemonSetStatus, 'DaemonSet'> = /* @__PURE__ */ defineKind<
  DaemonSetSpec,
  DaemonSetStatus,
  'DaemonSet'
>({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(daemonSetSpecSchema),
  admission: [/* @__PURE__ */ specAdmission<DaemonSetSpec, DaemonSetStatus>(daemonProblems)],
})
