import type { Task } from '../../api/index.js'
import type { JobOutcome } from './job-counts.js'

/** One thing to do about a job. */
export type JobAction =
  /** Lets an ended task go; the status of the plan counts it. `lost`: it was deleted before it ended. */
  | { readonly kind: 'count'; readonly task: Task; readonly outcome: JobOutcome | 'lost' }
  /** Ends a task, or what is left of it, without counting it. */
  | { readonly kind: 'delete'; readonly task: Task; readonly why: string }
  /** Deletes a counted task: newer ones are kept to look at. */
  | { readonly kind: 'forget'; readonly task: Task }
  | { readonly kind: 'create'; readonly index?: number }
  /** Deletes the job: its time after the end is over. */
  | { readonly kind: 'expire' }

/** Why fewer tasks are made than are missing. */
export type JobBlocker =
  | { readonly kind: 'suspended' }
  /** Tasks failed; the next is made then. */
  | { readonly kind: 'backoff'; readonly untilMs: number; readonly missing: number }
  /** The indexes that are left wait for their own back-off. */
  | { readonly kind: 'index-backoff'; readonly untilMs: number; readonly missing: number }
  /** Deleted tasks that may still run hold their places. */
  | { readonly kind: 'terminating'; readonly missing: number }
  /** Too many indexes have failed and not ended: no other is begun. */
  | { readonly kind: 'failing-indexes'; readonly missing: number }
  /** The rest follows in the next pass. */
  | { readonly kind: 'burst'; readonly missing: number }
