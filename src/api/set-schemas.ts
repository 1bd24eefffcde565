import type { JsonSchema } from '../store/index.js'
import { closed, count, countOrPercent, flag, label, selector, template } from './spec-schemas.js'

const upTo100: JsonSchema = { type: 'integer', minimum: 0, maximum: 100 }
const upTo100k: JsonSchema = { type: 'integer', minimum: 0, maximum: 100_000 }

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
    replicas: upTo100k,
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
  maxAttempts: upTo100,
  windowSeconds: count,
})

export const slotSetSpecSchema: JsonSchema = closed(
  {
    mode: { enum: ['replicated', 'global', 'replicated-job', 'global-job'] },
    replicas: upTo100k,
    totalCompletions: upTo100k,
    maxConcurrent: { type: 'integer', minimum: 1, maximum: 100_000 },
    restartPolicy,
    taskHistoryLimit: upTo100,
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
    taskHistoryLimit: upTo100,
    completes: flag,
  },
  ['set', 'key', 'revision'],
)
