import type { Job, JobStatus } from '../../api/index.js'
import { isConditionTrue } from '../../api/index.js'
import type { JobAction } from './job-action.js'
import type { JobCounts } from './job-counts.js'
import type { JobSettings } from './job-settings.js'
import type { JobTally } from './job-tally.js'
import { staysWhenDeleted } from './job-tasks.js'

/** The status of a job when the actions are done. */
export function jobStatus(
  pass: {
    readonly job: Job
    readonly settings: JobSettings
    readonly counts: JobCounts
    readonly tally: JobTally
    readonly actions: readonly JobAction[]
  },
  kept: Pick<JobStatus, 'startTime' | 'completionTime' | 'conditions'> = {},
): JobStatus {
  const { job, settings, counts, tally, actions } = pass
  // Only active tasks are deleted.
  const deleted = actions.flatMap(action => (action.kind === 'delete' ? [action.task] : []))
  const created = actions.filter(({ kind }) => kind === 'create').length
  const stays = deleted.filter(staysWhenDeleted).length
  const unready = deleted.filter(({ status }) => isConditionTrue(status?.conditions, 'Ready')).length
  const { completed, failedIndexes, indexFailures, backoff } = counts
  const isOver = kept.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed') === true
  const byIndex = settings.isIndexed
    ? {
        completedIndexes: `${completed}`,
        ...(settings.backoffLimitPerIndex === undefined ? {} : { failedIndexes: `${failedIndexes}` }),
        ...(indexFailures.size === 0 ? {} : { indexFailures: Object.fromEntries(indexFailures) }),
      }
    : {}
  return {
    observedGeneration: job.metadata.generation,
    active: tally.count('active') - deleted.length + created,
    ready: tally.ready - unready,
    terminating: tally.count('terminating') + stays,
    succeeded: counts.succeeded,
    failed: counts.failed,
    ...byIndex,
    ...(backoff === undefined || isOver ? {} : { backoff }),
    ...kept,
  }
}
