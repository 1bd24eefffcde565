import type { JsonSchema } from '../store/index.js'
import { closed, list, port, protocol, quantities, share, text, texts, time } from './spec-schemas.js'

const name: JsonSchema = { type: 'string', minLength: 1 }
const amounts: JsonSchema = { type: 'object', additionalProperties: { type: 'number', minimum: 0 } }

export const roleSpecSchema: JsonSchema = closed({
  role: name,
  weight: { type: 'number', minimum: 0.001, maximum: 1_000_000 },
  guarantees: amounts,
  limits: amounts,
  lendingLimits: amounts,
})

export const frameworkSpecSchema: JsonSchema = closed(
  {
    displayName: text,
    roles: { type: 'array', items: name, minItems: 1 },
    capabilities: list({ enum: ['revocable', 'remote'] }),
    uses: texts,
    principal: text,
    failoverMs: { type: 'number', minimum: 0 },
  },
  ['roles', 'failoverMs'],
)

export const reservationSpecSchema: JsonSchema = closed(
  {
    nodeName: name,
    role: name,
    task: closed({ namespace: name, name }, ['namespace', 'name']),
    requests: quantities,
    ports: list(closed({ hostPort: port, protocol }, ['hostPort'])),
    devices: list(
      closed({ kind: name, ids: { type: 'array', items: name, minItems: 1 }, share }, ['kind', 'ids']),
    ),
    expireTime: time,
    resource: { type: 'object' },
  },
  ['nodeName', 'requests'],
)
