import type { JsonSchema } from '../store/index.js'
import { closed, count, flag, template, textMap } from './spec-schemas.js'

/** Indexes of one job: as many as ranges in a status can tell, whatever the order in which they succeed. */
export const JOB_INDEXES_MAX = 100_000

/** Tasks of one job at once: so many ended ones can wait to be counted. */
const JOB_PARALLELISM_MAX = 10_000

const second: JsonSchema = { type: 'integer', minimum: 0, maximum: 2_147_483_647 }

export const jobSpecSchema: JsonSchema = closed(
  {
    template,
    completions: count,
    parallelism: { type: 'integer', minimum: 0, maximum: JOB_PARALLELISM_MAX },
    completionMode: { enum: ['NonIndexed', 'Indexed'] },
    backoffLimit: count,
    backoffLimitPerIndex: count,
    maxFailedIndexes: count,
    activeDeadlineSeconds: second,
    ttlSecondsAfterFinished: second,
    suspend: flag,
    restartPolicy: { enum: ['Never', 'OnFailure'] },
    podFailurePolicy: closed(
      {
        rules: {
          type: 'array',
          maxItems: 20,
          items: closed(
            {
              action: { enum: ['FailJob', 'FailIndex', 'Ignore', 'Count'] },
              onExitCodes: closed(
                {
                  operator: { enum: ['In', 'NotIn'] },
                  values: {
                    type: 'array',
                    items: { type: 'integer', minimum: 0, maximum: 255 },
                    minItems: 1,
                    maxItems: 255,
                    uniqueItems: true,
                  },
                },
                ['operator', 'values'],
              ),
              onPodConditions: {
                type: 'array',
                minItems: 1,
                maxItems: 20,
                items: closed(
                  { type: { type: 'string', minLength: 1 }, status: { enum: ['True', 'False', 'Unknown'] } },
                  ['type'],
                ),
              },
            },
            ['action'],
          ),
        },
      },
      ['rules'],
    ),
    successPolicy: closed(
      {
        rules: {
          type: 'array',
          minItems: 1,
          maxItems: 20,
          items: closed({
            succeededIndexes: { type: 'string', minLength: 1, maxLength: 65_536 },
            succeededCount: { type: 'integer', minimum: 1 },
          }),
        },
      },
      ['rules'],
    ),
  },
  ['template'],
)

export const cronJobSpecSchema: JsonSchema = closed(
  {
    schedule: { type: 'string', minLength: 1, maxLength: 1_024 },
    timeZone: { type: 'string', minLength: 1, maxLength: 64 },
    jitterMs: { type: 'integer', minimum: 0, maximum: 86_400_000 },
    catchUp: { enum: ['latest', 'all', 'none'] },
    concurrencyPolicy: { enum: ['Allow', 'Forbid', 'Replace'] },
    startingDeadlineSeconds: second,
    suspend: flag,
    successfulJobsHistoryLimit: count,
    failedJobsHistoryLimit: count,
    jobTemplate: closed(
      { metadata: closed({ labels: textMap, annotations: textMap }), spec: jobSpecSchema },
      ['spec'],
    ),
  },
  ['schedule', 'jobTemplate'],
)
