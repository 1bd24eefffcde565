import type { Job, JobStatus, JobSuccessRule } from '../../api/index.js'
import { isConditionTrue } from '../../api/index.js'
import { IndexRanges } from '../../core/internal.js'
import type { JobCounts } from './job-counts.js'
import type { JobSettings } from './job-settings.js'
import { exceedsBackoffLimit } from './job-settings.js'

/** How a job ends; it has ended when its tasks have. */
export interface JobVerdict {
  readonly target: 'SuccessCriteriaMet' | 'FailureTarget'
  /** Kubernetes' reasons. */
  readonly reason: string
  readonly message: string
}

/** Whether a job is to end, by Kubernetes' order: what was decided stays, failures come before successes. */
export function judgeJob(
  { spec, status }: Job,
  settings: JobSettings,
  counts: JobCounts,
  { active, startMs, nowMs }: { readonly active: number; readonly startMs: number; readonly nowMs: number },
): JobVerdict | undefined {
  const { activeDeadlineSeconds = Number.POSITIVE_INFINITY } = spec
  const decided = earlierVerdict(status)
  if (decided !== undefined) return decided
  if (counts.failJob !== undefined) return failure('PodFailurePolicy', counts.failJob)
  if (exceedsBackoffLimit(settings.backoffLimit, counts.failed, spec.restartPolicy))
    return failure(
      'BackoffLimitExceeded',
      `${counts.failed} tasks failed; the limit is ${settings.backoffLimit}`,
    )
  if (nowMs >= startMs + activeDeadlineSeconds * 1000)
    return failure('DeadlineExceeded', `the job was active for ${activeDeadlineSeconds} s`)
  return judgeIndexes(spec, settings, counts) ?? judgeSuccess(spec, settings, counts, active)
}

function earlierVerdict(status: JobStatus | undefined): JobVerdict | undefined {
  for (const target of ['FailureTarget', 'SuccessCriteriaMet'] as const) {
    if (!isConditionTrue(status?.conditions, target)) continue
    const { reason = '', message = '' } = status?.conditions?.find(({ type }) => type === target) ?? {}
    return { target, reason, message }
  }
  return undefined
}

function judgeIndexes(
  { maxFailedIndexes = Number.POSITIVE_INFINITY }: Job['spec'],
  { completions = 0 }: JobSettings,
  { failedIndexes, completed }: JobCounts,
): JobVerdict | undefined {
  const { size } = failedIndexes
  if (size > maxFailedIndexes)
    return failure('MaxFailedIndexesExceeded', `${size} indexes failed; the limit is ${maxFailedIndexes}`)
  if (size === 0 || size + completed.size < completions) return undefined
  return failure('FailedIndexes', `${size} of ${completions} indexes failed`)
}

function judgeSuccess(
  { successPolicy }: Job['spec'],
  { completions }: JobSettings,
  counts: JobCounts,
  active: number,
): JobVerdict | undefined {
  const rule = successPolicy?.rules.findIndex(one => isMet(one, counts.completed)) ?? -1
  if (rule !== -1) return success('SuccessPolicy', `rule ${rule} of the success policy is met`)
  const { succeeded } = counts
  const isComplete = completions === undefined ? succeeded > 0 && active === 0 : succeeded >= completions
  return isComplete ? success('CompletionsReached', `${succeeded} tasks succeeded`) : undefined
}

function isMet({ succeededIndexes, succeededCount }: JobSuccessRule, completed: IndexRanges): boolean {
  if (succeededIndexes === undefined) return completed.size >= (succeededCount ?? 1)
  const wanted = IndexRanges.parse(succeededIndexes)
  return wanted.countIn(completed) >= (succeededCount ?? wanted.size)
}

/** When the deadline of a job that started then passes; undefined when it has none. */
export function deadlineMs({ activeDeadlineSeconds }: Job['spec'], startMs: number): number | undefined {
  return activeDeadlineSeconds === undefined ? undefined : startMs + activeDeadlineSeconds * 1000
}

function failure(reason: string, message: string): JobVerdict {
  return { target: 'FailureTarget', reason, message }
}

function success(reason: string, message: string): JobVerdict {
  return { target: 'SuccessCriteriaMet', reason, message }
}
