import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { cellSpecSchema } from './set-schemas.js'
import type { SlotRestartPolicy } from './slot-set.js'
import { objectSchema } from './spec-schemas.js'

/** One place of a set that holds one task: an ordinal, a slot or a node. */
export interface CellSpec {
  /** Name of the set that it belongs to. */
  readonly set: string
  /** Unique in the set: the ordinal, the slot, or the name of the node; of jobs with the revision before it. */
  readonly key: string
  /** Content hash of the template that its task is to be made of. Written by the rollout, and when the cell is made. */
  readonly revision: string
  /** The ordinal, or the slot, as a number. */
  readonly ordinal?: number
  /** Name and hostname of its task, the same for every revision. Default: made by the store. */
  readonly taskName?: string
  /** The node that its task runs on. Default: a scheduler chooses. */
  readonly nodeName?: string
  /** Seconds that a task must be ready before it counts as available. Default 0. */
  readonly minReadySeconds?: number
  /** True starts the task of a new revision beside the old one, which stays until the new one is available. Default false. */
  readonly surge?: boolean
  /** True: its task stays as it is, no rollout changes it or waits for it. Default false. */
  readonly held?: boolean
  /** When its task gets a successor after its end. Default: always, after pauses that double. */
  readonly restartPolicy?: SlotRestartPolicy
  /** With a `restartPolicy`: tasks kept, the one that runs included. Default 5. */
  readonly taskHistoryLimit?: number
  /** With a `restartPolicy`, true: a task that ends well completes the cell, and has no successor. Default false. */
  readonly completes?: boolean
}

/** What became of it. */
export interface CellStatus {
  /** Whether its task is ready, whichever revision that is of. */
  readonly ready: boolean
  /** Whether it has been ready for `minReadySeconds`. */
  readonly available: boolean
  /** The revision that runs; with `surge` the old one until the new one is available. Absent while nothing runs. */
  readonly revision?: string
  /**
   * Tasks of `attempted` that have ended, well or not: what belongs into a cell has no business to end. Those that ended
   * well count only if the restart policy, if there is one, replaces them.
   */
  readonly failures: number
  /** The revision that `failures` are of. */
  readonly attempted?: string
  /** When the latest was seen to have ended, by the controller's clock. RFC 3339. */
  readonly lastFailureTime?: string
  /** Why no task can be made. */
  readonly message?: string
  /** `Complete`: what was to be done is done. `Stopped`: the restart policy gives it no other task. Absent: neither. */
  readonly phase?: 'Complete' | 'Stopped'
  /** Restarts of `attempted` that the restart policy limits; with a window when each was decided, oldest first. RFC 3339. */
  readonly restarts?: { readonly total: number; readonly times?: readonly string[] }
  /** Not before then does the restart policy give it another task. RFC 3339. */
  readonly restartTime?: string
  /** Uids of tasks that have ended, are counted, and are kept to look at. */
  readonly history?: readonly string[]
}

export type Cell = StoredObject<CellSpec, CellStatus>

/**
 * A place that holds one task: what a rollout changes the revision of, and a loop of workloads keeps a task in. Owned by
 * its set.
 */
export const Cell: Kind<CellSpec, CellStatus, 'Cell'> = /* @__PURE__ */ defineKind<
  CellSpec,
  CellStatus,
  'Cell'
>({
  apiVersion: 'apps/v1',
  kind: 'Cell',
  plural: 'cells',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(cellSpecSchema),
  indexes: { controller: cell => cell.metadata.ownerReferences.find(owner => owner.controller)?.uid },
})
