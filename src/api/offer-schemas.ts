import type { JsonSchema } from '../store/index.js'
import { closed, list, quantities, text, texts, time } from './spec-schemas.js'

const amounts: JsonSchema = { type: 'object', additionalProperties: { type: 'number', minimum: 0 } }

export const roleSpecSchema: JsonSchema = closed({
  role: { type: 'string', minLength: 1 },
  weight: { type: 'number', minimum: 0.001, maximum: 1_000_000 },
  guarantees: amounts,
  limits: amounts,
  lendingLimits: amounts,
})

export const frameworkSpecSchema: JsonSchema = closed(
  {
    displayName: text,
    roles: { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
    capabilities: list({ enum: ['revocable', 'remote'] }),
    uses: texts,
    principal: text,
    failoverMs: { type: 'number', minimum: 0 },
  },
  ['roles', 'failoverMs'],
)

export const reservationSpecSchema: JsonSchema = closed(
  {
    nodeName: { type: 'string', minLength: 1 },
    role: { type: 'string', minLength: 1 },
    task: closed({ namespace: { type: 'string', minLength: 1 }, name: { type: 'string', minLength: 1 } }, [
      'namespace',
      'name',
    ]),
    requests: quantities,
    expireTime: time,
    resource: { type: 'object' },
  },
  ['nodeName', 'requests'],
)
