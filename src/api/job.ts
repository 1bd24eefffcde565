import type { Condition } from '../core/index.js'
import type { AdmissionHook, Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { endedJobProblems, jobProblems } from './job-admission.js'
import { jobSpecSchema } from './job-schemas.js'
import type { JobSpec } from './job-spec.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'

/** How an index fails that has neither succeeded nor failed for good. */
export interface JobIndexFailures {
  readonly count: number
  /** Failures that the failure policy ignores: they hold back the next task as others do. Default 0. */
  readonly ignored?: number
  /** By the controller's clock. RFC 3339. */
  readonly lastTime: string
}

/**
 * How far a job is. Conditions: `Suspended`, `SuccessCriteriaMet`, `FailureTarget` (it will fail when its tasks have
 * ended), `Complete`, `Failed`.
 */
export interface JobStatus {
  readonly observedGeneration: number
  /** Since when it runs; a job that is resumed starts again. RFC 3339. */
  readonly startTime?: string
  readonly completionTime?: string
  readonly active: number
  readonly ready: number
  /** Tasks that are to end and have not ended. They hold their place. */
  readonly terminating: number
  readonly succeeded: number
  readonly failed: number
  /** As ranges: `0-2,4,6,7`. */
  readonly completedIndexes?: string
  readonly failedIndexes?: string
  /** By index. */
  readonly indexFailures?: Readonly<Record<string, JobIndexFailures>>
  /** What holds back the next task, without limits per index. Absent when the last that ended has succeeded. */
  readonly backoff?: { readonly failures: number; readonly lastTime: string }
  readonly conditions?: readonly Condition[]
}

export type Job = StoredObject<JobSpec, JobStatus>

const endedAdmission: AdmissionHook<JobSpec, JobStatus> = {
  name: 'ended',
  phase: 'validate',
  handle: ({ object, previous }) =>
    previous && { problems: endedJobProblems(object.spec, previous.spec, previous.status?.conditions) },
}

/** Tasks that are to end well, a number of times. */
export const Job: Kind<JobSpec, JobStatus, 'Job'> = /* @__PURE__ */ defineKind<JobSpec, JobStatus, 'Job'>({
  apiVersion: 'batch/v1',
  kind: 'Job',
  plural: 'jobs',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(jobSpecSchema),
  admission: [/* @__PURE__ */ specAdmission<JobSpec, JobStatus>(jobProblems), endedAdmission],
  indexes: { controller: job => job.metadata.ownerReferences.find(owner => owner.controller)?.uid },
})

/** True when the job has ended: it is `Complete` or `Failed`. */
export function isJobFinished(job: Job): boolean {
  return (
    job.status?.conditions?.some(
      ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
    ) === true
  )
}
