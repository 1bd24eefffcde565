import type { TaskTemplate } from './task.js'

/**
 * What a failed task means. The first rule that fits decides; without one, the failure counts.
 * `FailJob` ends the job, `FailIndex` the index, `Ignore` replaces the task without counting, `Count` counts.
 */
export interface JobFailureRule {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count'
  /** Fits a task that ended with an exit code, which is one of `values`, or none of them. */
  readonly onExitCodes?: { readonly operator: 'In' | 'NotIn'; readonly values: readonly number[] }
  /** Fits a task that has one of these conditions. */
  readonly onPodConditions?: readonly {
    readonly type: string
    /** Default `True`. */
    readonly status?: 'True' | 'False' | 'Unknown'
  }[]
}

/** Enough to be done before all indexes are. Both: so many of these. */
export interface JobSuccessRule {
  /** Indexes as ranges, `0,2-5`; all of them, unless `succeededCount` says how many. */
  readonly succeededIndexes?: string
  readonly succeededCount?: number
}

/** Run tasks of a template until enough of them have succeeded. */
export interface JobSpec {
  readonly template: TaskTemplate
  /**
   * Successes that make the job complete; with `completionMode: Indexed` the indexes are 0 to `completions` − 1, 100,000
   * at most. Default 1; with `parallelism` alone: complete when one has succeeded and none is active. Cannot be changed,
   * but of an indexed job together with `parallelism`, to the same number: what is beyond goes and is forgotten.
   */
  readonly completions?: number
  /** Tasks at once, 10,000 at most. Default 1. */
  readonly parallelism?: number
  /** Default `NonIndexed`. */
  readonly completionMode?: 'NonIndexed' | 'Indexed'
  /** More failures than this fail the job. Default 6; no limit when `backoffLimitPerIndex` is given. */
  readonly backoffLimit?: number
  /** More failures of one index than this fail the index; the others continue. Default: none. */
  readonly backoffLimitPerIndex?: number
  /** More failed indexes than this fail the job. Default: none. */
  readonly maxFailedIndexes?: number
  /** The job fails so many seconds after its start, whatever its tasks do. Default: none. */
  readonly activeDeadlineSeconds?: number
  /** The job is deleted so many seconds after its end. Default: it is kept. */
  readonly ttlSecondsAfterFinished?: number
  /** True ends the active tasks without counting them, and makes none. Default false. */
  readonly suspend?: boolean
  /**
   * Both mean a new task, since no task is restarted. With `OnFailure` the last attempt is the one that reaches
   * `backoffLimit`, with `Never` the one that exceeds it. Default `Never`.
   */
  readonly restartPolicy?: 'Never' | 'OnFailure'
  readonly podFailurePolicy?: { readonly rules: readonly JobFailureRule[] }
  /** Indexed jobs only. The first rule that is met makes the job complete, and ends what is active. */
  readonly successPolicy?: { readonly rules: readonly JobSuccessRule[] }
}
