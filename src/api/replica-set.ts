import type { LabelSelectorObject } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { specAdmission, templateProblems } from './spec-admission.js'
import { objectSchema, replicaSetSpecSchema } from './spec-schemas.js'
import type { TaskTemplate } from './task.js'

/** Keep this many tasks of one template. */
export interface ReplicaSetSpec {
  readonly replicas: number
  /** Which tasks count; must match the template's labels. */
  readonly selector: LabelSelectorObject
  readonly template: TaskTemplate
  /** Seconds that a task must be ready before it counts as available. Default 0. */
  readonly minReadySeconds?: number
}

/** What the replica loop sees. Tasks that are being deleted count only as terminating. */
export interface ReplicaSetStatus {
  readonly observedGeneration: number
  readonly replicas: number
  readonly readyReplicas: number
  readonly availableReplicas: number
  readonly terminatingReplicas: number
  /** Tasks that have failed since the set was made, except those that another writer deleted. */
  readonly failedReplicas: number
  /** Tasks that have ended since the set was made, well or not: a replica has no business to end. As `failedReplicas`. */
  readonly endedReplicas: number
  /** The newest of the ended ones, oldest first: those that are still kept, and 50 that are not. Absent before the first. */
  readonly failures?: readonly {
    readonly uid: string
    /** When the controller noticed, by its own clock. RFC 3339. */
    readonly time: string
    /** `exit`: it ended well. */
    readonly cause: 'crash' | 'exit'
  }[]
  /** Since when the task that has waited longest is not ready; one whose readiness is unknown does not wait. RFC 3339. */
  readonly unreadySince?: string
  /** Failed tasks that are no longer kept as history. Default 0. */
  readonly forgottenFailures?: number
  /** Tasks that ended well and are no longer kept as history. Default 0. */
  readonly forgottenSuccesses?: number
  /** What the back-off of crashing tasks goes by. Absent before the first crash. */
  readonly crashes?: {
    /** In a row: ten minutes without one end it. */
    readonly count: number
    /** When the controller saw the latest, by its own clock. RFC 3339. */
    readonly lastTime: string
    /** Crashed tasks that were not replaced yet: so many of the missing ones are held back. Default 0. */
    readonly waiting?: number
    /** Uids of the crashed tasks that are still there, and counted. */
    readonly tasks: readonly string[]
  }
}

export type ReplicaSet = StoredObject<ReplicaSetSpec, ReplicaSetStatus>

/** Equal, replaceable tasks of one template. */
export const ReplicaSet: Kind<ReplicaSetSpec, ReplicaSetStatus, 'ReplicaSet'> = /* @__PURE__ */ defineKind<
  ReplicaSetSpec,
  ReplicaSetStatus,
  'ReplicaSet'
>({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(replicaSetSpecSchema),
  admission: [/* @__PURE__ */ specAdmission<ReplicaSetSpec, ReplicaSetStatus>(templateProblems)],
  indexes: { controller: set => set.metadata.ownerReferences.find(owner => owner.controller)?.uid },
})
