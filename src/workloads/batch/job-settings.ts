import type { JobSpec } from '../../api/index.js'

/** Failures after which a job fails, as Kubernetes. */
const BACKOFF_LIMIT_DEFAULT = 6

/** The spec of a job with its defaults. */
export interface JobSettings {
  /** Undefined: as many as its tasks find work for. */
  readonly completions: number | undefined
  readonly parallelism: number
  readonly isIndexed: boolean
  readonly backoffLimit: number
  readonly backoffLimitPerIndex: number | undefined
}

export function jobSettings(spec: JobSpec): JobSettings {
  const { completions, parallelism, completionMode, backoffLimitPerIndex } = spec
  const withoutLimit = backoffLimitPerIndex === undefined ? BACKOFF_LIMIT_DEFAULT : Number.POSITIVE_INFINITY
  return {
    completions: completions ?? (parallelism === undefined ? 1 : undefined),
    parallelism: parallelism ?? 1,
    isIndexed: completionMode === 'Indexed',
    backoffLimit: spec.backoffLimit ?? withoutLimit,
    backoffLimitPerIndex,
  }
}

/** How many tasks are to be active, as Kubernetes' `manageJob`. */
export function wantedActive(
  { completions, parallelism }: Pick<JobSettings, 'completions' | 'parallelism'>,
  { succeeded, active }: { readonly succeeded: number; readonly active: number },
): number {
  if (completions === undefined) return succeeded > 0 ? active : parallelism
  return Math.min(Math.max(0, completions - succeeded), parallelism)
}

/**
 * Whether so many failures fail the job. As Kubernetes: with `Never` one more than the limit; with `OnFailure` when the
 * restart that would reach the limit is due, or the first if the limit is 0. Here a restart is a new task.
 */
export function exceedsBackoffLimit(
  backoffLimit: number,
  failed: number,
  restartPolicy: NonNullable<JobSpec['restartPolicy']> = 'Never',
): boolean {
  return restartPolicy === 'Never' ? failed > backoffLimit : failed >= Math.max(backoffLimit, 1)
}
