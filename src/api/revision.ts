import type { LedgerMark } from '../core/internal.js'
import type { Json, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { objectSchema, revisionSpecSchema } from './spec-schemas.js'
import type { TaskTemplate } from './task.js'

/** One entry of a rollout's append-only history. */
export interface RevisionSpec {
  /** Counts up from 1 within the owner; never reused, never renumbered. */
  readonly number: number
  /** Content hash of `template`; equal templates have equal hashes. */
  readonly templateHash: string
  readonly template: TaskTemplate
  readonly cause: 'update' | 'undo' | 'revert'
  /** The earlier entry whose template this is, for `undo` and `revert`. */
  readonly from?: number
  /**
   * The other fields of the owner's spec when the entry was written, but for `selector` and `paused`, so that an undo can
   * restore them too. Absent in entries of versions that did not write it.
   */
  readonly settings?: Readonly<Record<string, Json>>
}

/** How the revision fared. */
export interface RevisionStatus {
  readonly outcome: 'progressing' | 'succeeded' | 'failed' | 'superseded'
  /** RFC 3339. */
  readonly finishTime?: string
  readonly message?: string
  /** What people and programs did to it, oldest first: who, why, when. At most 1,000; of more the oldest go. */
  readonly marks?: readonly LedgerMark[]
}

export type Revision = StoredObject<RevisionSpec, RevisionStatus>

/** A ledger entry; owned by the object that rolled out. */
export const Revision: Kind<RevisionSpec, RevisionStatus, 'Revision'> = /* @__PURE__ */ defineKind<
  RevisionSpec,
  RevisionStatus,
  'Revision'
>({
  apiVersion: 'apps/v1',
  kind: 'Revision',
  plural: 'revisions',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(revisionSpecSchema),
  indexes: { controller: revision => revision.metadata.ownerReferences.find(owner => owner.controller)?.uid },
})
