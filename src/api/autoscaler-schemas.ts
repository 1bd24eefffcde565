import type { JsonSchema } from '../store/index.js'
import { closed, REPLICAS_MAX, replicas, selector } from './spec-schemas.js'

/** Metrics of one autoscaler. */
const METRICS_MAX = 64

const name: JsonSchema = { type: 'string', minLength: 1, maxLength: 253 }
const quantity: JsonSchema = { anyOf: [{ type: 'number' }, { type: 'string', minLength: 1, maxLength: 128 }] }

const objectRef = closed({ kind: name, name, apiVersion: name }, ['kind', 'name'])
const metric = closed({ name, selector }, ['name'])
const target = closed(
  {
    type: { enum: ['Utilization', 'AverageValue', 'Value'] },
    averageUtilization: { type: 'integer', minimum: 1, maximum: 100_000 },
    averageValue: quantity,
    value: quantity,
  },
  ['type'],
)

const rules = closed({
  stabilizationWindowSeconds: { type: 'integer', minimum: 0, maximum: 3_600 },
  selectPolicy: { enum: ['Max', 'Min', 'Disabled'] },
  policies: {
    type: 'array',
    minItems: 1,
    maxItems: 16,
    items: closed(
      {
        type: { enum: ['Pods', 'Percent'] },
        value: { type: 'integer', minimum: 1, maximum: 100_000 },
        periodSeconds: { type: 'integer', minimum: 1, maximum: 1_800 },
      },
      ['type', 'value', 'periodSeconds'],
    ),
  },
  tolerance: { type: 'number', minimum: 0, maximum: 1 },
})

export const autoscalerSpecSchema: JsonSchema = closed(
  {
    scaleTargetRef: objectRef,
    minReplicas: replicas,
    maxReplicas: { type: 'integer', minimum: 1, maximum: REPLICAS_MAX },
    metrics: {
      type: 'array',
      minItems: 1,
      maxItems: METRICS_MAX,
      items: closed(
        {
          type: { enum: ['Resource', 'Pods', 'Object', 'External'] },
          resource: closed({ name, target }, ['name', 'target']),
          pods: closed({ metric, target }, ['metric', 'target']),
          object: closed({ describedObject: objectRef, metric, target }, [
            'describedObject',
            'metric',
            'target',
          ]),
          external: closed({ metric, target }, ['metric', 'target']),
        },
        ['type'],
      ),
    },
    behavior: closed({ scaleUp: rules, scaleDown: rules }),
  },
  ['scaleTargetRef', 'maxReplicas', 'metrics'],
)
