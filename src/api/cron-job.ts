import type { Condition } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { cronJobProblems } from './job-admission.js'
import { cronJobSpecSchema } from './job-schemas.js'
import type { JobSpec } from './job-spec.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'

/** Make a job again and again. */
export interface CronJobSpec {
  /** Five fields, or a word such as `@daily`; `H` stands for a value that the hash of namespace and name picks. */
  readonly schedule: string
  /** IANA name. Default UTC. */
  readonly timeZone?: string
  /** Each run comes up to so much later, always the same for the same namespace and name. Default 0 ms. */
  readonly jitterMs?: number
  /** Which of several runs that are due are started: the last, each in order, or none that is late. Default `latest`. */
  readonly catchUp?: 'latest' | 'all' | 'none'
  /** What happens while a run is active: another beside it, one after the other, or one instead. Default `Allow`. */
  readonly concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace'
  /** A run that could not be started so long after its time is skipped. Default: none; 60 for `catchUp: none`. */
  readonly startingDeadlineSeconds?: number
  /** True starts nothing. Default false. */
  readonly suspend?: boolean
  /** Complete jobs that are kept. Default 3. */
  readonly successfulJobsHistoryLimit?: number
  /** Failed jobs that are kept. Default 1. */
  readonly failedJobsHistoryLimit?: number
  readonly jobTemplate: {
    readonly metadata?: {
      readonly labels?: Readonly<Record<string, string>>
      readonly annotations?: Readonly<Record<string, string>>
    }
    readonly spec: JobSpec
  }
}

/** What became of the runs. Conditions: `JobRefused`, when no job can be made of the template. */
export interface CronJobStatus {
  readonly observedGeneration: number
  /** Names of the jobs that have not ended. */
  readonly active: readonly string[]
  /** The time of the run that was started last. RFC 3339, as all here. */
  readonly lastScheduleTime?: string
  readonly lastSuccessfulTime?: string
  /** All times until then are dealt with. */
  readonly handledTime: string
  /** The schedule that `handledTime` is of: another one begins when it is seen. */
  readonly observedSchedule: string
  /** Times that passed without a run of their own, when more than one was due at last, or one came too late. */
  readonly missed?: number
  /** When the next run is due, jitter included. Absent when none is. */
  readonly nextScheduleTime?: string
  readonly conditions?: readonly Condition[]
}

export type CronJob = StoredObject<CronJobSpec, CronJobStatus>

/** The annotation of jobs that holds the time of their run. RFC 3339, without the jitter. */
export const SCHEDULED_TIME_ANNOTATION = 'keelson.dev/scheduled-time'

/** A job on a schedule. */
export const CronJob: Kind<CronJobSpec, CronJobStatus, 'CronJob'> = /* @__PURE__ */ defineKind<
  CronJobSpec,
  CronJobStatus,
  'CronJob'
>({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(cronJobSpecSchema),
  admission: [/* @__PURE__ */ specAdmission<CronJobSpec, CronJobStatus>(cronJobProblems)],
})
