import type { JsonSchema } from '../store/index.js'
import { closed, count, countOrPercent, flag, label, selector, template } from './spec-schemas.js'

/** Most tasks that a set may want. */
const SET_TASKS_MAX = 100_000
/** Most tasks of one slot that may be kept, or made again. */
const SLOT_TASKS_MAX = 100

const setTasks: JsonSchema = { type: 'integer', minimum: 0, maximum: SET_TASKS_MAX }
const slotTasks: JsonSchema = { type: 'integer', minimum: 0, maximum: SLOT_TASKS_MAX }

/** What all sorts of sets have, around the bounds of their rolling update. */
const setFields = (
  rollingUpdate: Readonly<Record<string, JsonSchema>>,
): Readonly<Record<string, JsonSchema>> => ({
  selector,
  template,
  updateStrategy: closed({ type: { enum: ['RollingUpdate'] }, rollingUpdate: closed(rollingUpdate) }, [
    'type',
  ]),
  minReadySeconds: count,
  progressDeadlineSeconds: { type: 'integer', minimum: 1 },
  onFailure: { enum: ['continue', 'pause', 'revert'] },
  revisionHistoryLimit: count,
  paused: flag,
})

export const statefulSetSpecSchema: JsonSchema = closed(
  {
    replicas: setTasks,
    ordinals: closed({ start: count }, ['start']),
    podManagementPolicy: { enum: ['OrderedReady', 'Parallel'] },
    ...setFields({ partition: count, maxUnavailable: countOrPercent }),
  },
  ['replicas', 'selector', 'template'],
)

export const daemonSetSpecSchema: JsonSchema = closed(
  setFields({ maxSurge: countOrPercent, maxUnavailable: countOrPercent }),
  ['selector', 'template'],
)

const restartPolicy: JsonSchema = closed({
  condition: { enum: ['any', 'on-failure', 'none'] },
  delaySeconds: count,
  maxAttempts: slotTasks,
  windowSeconds: count,
})

export const slotSetSpecSchema: JsonSchema = closed(
  {
    mode: { enum: ['replicated', 'global', 'replicated-job', 'global-job'] },
    replicas: setTasks,
    totalCompletions: setTasks,
    maxConcurrent: { type: 'integer', minimum: 1, maximum: SET_TASKS_MAX },
    restartPolicy,
    taskHistoryLimit: slotTasks,
    ...setFields({ maxSurge: countOrPercent, maxUnavailable: countOrPercent }),
  },
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
