import type { JsonSchema } from '../store/index.js'
import { closed, list, protocol, text, time } from './spec-schemas.js'

/** 0 where any will do. */
const port: JsonSchema = { type: 'integer', minimum: 0, maximum: 65535 }

/** What a node says of a task. One wrong port would otherwise stop whoever lists the endpoints of a service. */
export const taskStatusSchema: JsonSchema = closed({
  phase: { enum: ['Pending', 'Running', 'Succeeded', 'Failed'] },
  conditions: list({
    type: 'object',
    properties: { type: text, status: text },
    required: ['type', 'status'],
  }),
  address: text,
  ports: list(
    closed({ name: text, containerPort: port, hostPort: port, protocol }, [
      'containerPort',
      'hostPort',
      'protocol',
    ]),
  ),
  startTime: time,
  finishTime: time,
  exitCode: { type: 'integer' },
  reason: text,
  message: text,
})
