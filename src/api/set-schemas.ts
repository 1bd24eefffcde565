import type { JsonSchema } from '../store/index.js'
import { closed, count, countOrPercent, flag, label, selector, template } from './spec-schemas.js'

/** What both sorts of sets have, around the bounds of their rolling update. */
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
    replicas: { type: 'integer', minimum: 0, maximum: 100_000 },
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
  },
  ['set', 'key', 'revision'],
)
