import type { JsonSchema } from '../store/index.js'
import {
  closed,
  count,
  countOrPercent,
  flag,
  label,
  REPLICAS_MAX,
  replicas,
  selector,
  template,
} from './spec-schemas.js'

/** Most tasks of one slot that may be kept, or made again. */
const SLOT_TASKS_MAX = 100

const slotTasks: JsonSchema = { type: 'integer', minimum: 0, maximum: SLOT_TASKS_MAX }

/** The spec of a set: what is its own, and what all sorts have, around the bounds of their rolling update. */
/* @__NO_SIDE_EFFECTS__ */
function setSpec(
  own: Readonly<Record<string, JsonSchema>>,
  rollingUpdate: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
): JsonSchema {
  const strategy = { type: { enum: ['RollingUpdate'] }, rollingUpdate: closed(rollingUpdate) }
  return closed(
    {
      ...own,
      selector,
      template,
      updateStrategy: closed(strategy, ['type']),
      minReadySeconds: count,
      progressDeadlineSeconds: { type: 'integer', minimum: 1 },
      onFailure: { enum: ['continue', 'pause', 'revert'] },
      revisionHistoryLimit: count,
      paused: flag,
    },
    required,
  )
}

export const statefulSetSpecSchema: JsonSchema = setSpec(
  {
    replicas,
    ordinals: closed({ start: count }, ['start']),
    podManagementPolicy: { enum: ['OrderedReady', 'Parallel'] },
  },
  { partition: count, maxUnavailable: countOrPercent },
  ['replicas', 'selector', 'template'],
)

export const daemonSetSpecSchema: JsonSchema = setSpec(
  {},
  { maxSurge: countOrPercent, maxUnavailable: countOrPercent },
  ['selector', 'template'],
)

const restartPolicy: JsonSchema = closed({
  condition: { enum: ['any', 'on-failure', 'none'] },
  delaySeconds: count,
  maxAttempts: slotTasks,
  windowSeconds: count,
})

export const slotSetSpecSchema: JsonSchema = setSpec(
  {
    mode: { enum: ['replicated', 'global', 'replicated-job', 'global-job'] },
    replicas,
    totalCompletions: replicas,
    maxConcurrent: { type: 'integer', minimum: 1, maximum: REPLICAS_MAX },
    restartPolicy,
    taskHistoryLimit: slotTasks,
  },
  { maxSurge: countOrPercent, maxUnavailable: countOrPercent },
  ['selector', 'template'],
)

export const cellSpecSchema: JsonSchema = closed(
  {
    set: { type: 'string', minLength: 1 },
    key: { type: 'string', minLength: 1, maxLength: 253 },
    revision: { type: 'string', minLength: 1 },
    ordinal: count,
    taskName: label,
    nodeName: { type: 'string', minLength: 1 },
    minReadySeconds: count,
    surge: flag,
    held: flag,
    restartPolicy,
    taskHistoryLimit: slotTasks,
    completes: flag,
  },
  ['set', 'key', 'revision'],
)
