import type { Condition, LabelSelectorObject } from '../core/index.js'
import type { IntOrPercent } from '../core/internal.js'
import type { Json, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { slotSetProblems } from './set-admission.js'
import { slotSetSpecSchema } from './set-schemas.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'
import type { SetFailureAction } from './stateful-set.js'
import type { TaskTemplate } from './task.js'

/** When a task that has ended gets a successor in its slot. */
export interface SlotRestartPolicy {
  /** `any`: always; `on-failure`: unless it ended well; `none`: never. Of jobs a task that ended well never. Default `any`. */
  readonly condition?: 'any' | 'on-failure' | 'none'
  /** From the end of a task until its successor. Default 5. */
  readonly delaySeconds?: number
  /** Restarts of one revision in one slot, within the window if there is one; at most 100. Default 0: as many as it takes. */
  readonly maxAttempts?: number
  /** Only restarts of so many seconds before the end count for `maxAttempts`. Default 0: all count. */
  readonly windowSeconds?: number
}

/** What SwarmKit calls a service: tasks in numbered slots or one per node, that run on or that end. */
export interface SlotSetSpec {
  /**
   * `replicated`: `replicas` slots. `global`: one on every node that takes it. `replicated-job`: until `totalCompletions`
   * have ended well. `global-job`: until one has ended well on every node. Cannot be changed. Default `replicated`.
   */
  readonly mode?: 'replicated' | 'global' | 'replicated-job' | 'global-job'
  /** Of `replicated` only; at most 100,000. Default 1. */
  readonly replicas?: number
  /** Of `replicated-job` only; at most 100,000. Default: `maxConcurrent`. */
  readonly totalCompletions?: number
  /** Tasks of a `replicated-job` at once, 1 to 100,000. Default 1. */
  readonly maxConcurrent?: number
  /** Which tasks are its own; must match the template's labels. */
  readonly selector: LabelSelectorObject
  /** Of jobs, another template begins the job again: what the old one has made goes. */
  readonly template: TaskTemplate
  readonly restartPolicy?: SlotRestartPolicy
  /**
   * Tasks kept per slot, the one that runs included; `maxAttempts` keeps that many and one more instead. Default 5, at
   * most 100.
   */
  readonly taskHistoryLimit?: number
  /** Not of jobs. `maxUnavailable` is SwarmKit's `parallelism` in the order `stop-first`, `maxSurge` that of `start-first`. */
  readonly updateStrategy?: {
    readonly type: 'RollingUpdate'
    readonly rollingUpdate?: {
      /** A count, or a percentage rounded up. Default 1; not with `maxSurge`. */
      readonly maxUnavailable?: IntOrPercent
      /** A count, or a percentage rounded up. Default 0. */
      readonly maxSurge?: IntOrPercent
    }
  }
  /** Seconds that a task must be ready before it counts as available: SwarmKit's `delay` and `monitor`. Default 0. */
  readonly minReadySeconds?: number
  /** Seconds without progress after which the rollout has failed. Default 600. */
  readonly progressDeadlineSeconds?: number
  /** Default `pause`. */
  readonly onFailure?: SetFailureAction
  /** Old revisions kept for undo. Default 10. */
  readonly revisionHistoryLimit?: number
  /** True freezes the rollout; slots come and go as they are wanted. */
  readonly paused?: boolean
}

/** Where the set stands. Conditions: `Progressing`; of jobs `Complete`, or `Failed` when a slot is given up. */
export interface SlotSetStatus {
  readonly observedGeneration?: number
  /** Number of the revision that `spec.template` is. */
  readonly revision?: number
  /** Template hash of the revision that succeeded last. */
  readonly currentRevision?: string
  /** Template hash of the revision that is rolled out; of jobs, of the one that runs. */
  readonly updateRevision?: string
  /** Slots, or nodes, that are to have a task; of a replicated job those that are not complete, as many as run at once. */
  readonly desiredTasks?: number
  /** Those that have one. */
  readonly runningTasks?: number
  readonly availableTasks?: number
  /** Those that run `updateRevision`. */
  readonly updatedTasks?: number
  /** Slots that are complete. */
  readonly completedTasks?: number
  /** Slots whose restart policy gives them no other task. */
  readonly stoppedTasks?: number
  readonly conditions?: readonly Condition[]
  /** The rollout's own record. */
  readonly rollout?: Json
}

export type SlotSet = StoredObject<SlotSetSpec, SlotSetStatus>

/** Tasks in slots, as a service of SwarmKit. */
export const SlotSet: Kind<SlotSetSpec, SlotSetStatus, 'SlotSet'> = /* @__PURE__ */ defineKind<
  SlotSetSpec,
  SlotSetStatus,
  'SlotSet'
>({
  apiVersion: 'apps/v1',
  kind: 'SlotSet',
  plural: 'slotsets',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(slotSetSpecSchema),
  admission: [/* @__PURE__ */ specAdmission<SlotSetSpec, SlotSetStatus>(slotSetProblems)],
})
