import type { JsonSchema } from '../store/index.js'
import { closed, count, countOrPercent, flag, label, selector, template } from './spec-schemas.js'

const setFailureAction: JsonSchema = { enum: ['report', 'pause', 'revert'] }

export const statefulSetSpecSchema: JsonSchema = closed(
  {
    replicas: { type: 'integer', minimum: 0, maximum: 100_000 },
    selector,
    template,
    ordinals: closed({ start: count }, ['start']),
    podManagementPolicy: { enum: ['OrderedReady', 'Parallel'] },
    updateStrategy: closed(
      {
        type: { enum: ['RollingUpdate'] },
        rollingUpdate: closed({ partition: count, maxUnavailable: countOrPercent }),
      },
      ['type'],
    ),
    minReadySeconds: count,
    progressDeadlineSeconds: { type: 'integer', minimum: 1 },
    onFailure: setFailureAction,
    revisionHistoryLimit: count,
    paused: flag,
  },
  ['replicas', 'selector', 'template'],
)

export const daemonSetSpecSchema: JsonSchema = closed(
  {
    selector,
    template,
    updateStrategy: closed(
      {
        type: { enum: ['RollingUpdate'] },
        rollingUpdate: closed({ maxSurge: countOrPercent, maxUnavailable: countOrPercent }),
      },
      ['type'],
    ),
    minReadySeconds: count,
    progressDeadlineSeconds: { type: 'integer', minimum: 1 },
    onFailure: setFailureAction,
    revisionHistoryLimit: count,
    paused: flag,
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
  },
  ['set', 'key', 'revision'],
)
