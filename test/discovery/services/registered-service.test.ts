import { expect, test } from 'vitest'
import type { Endpoint } from '../../../src/core/index.js'
import { endpointPort } from '../../../src/discovery/services/registered-service.js'

test.each([
  ['the port of its name', { http: 8080 }, 'http', 8080],
  ['none of another name', { http: 8080 }, 'admin', undefined],
  ['none of a name that every object inherits', { http: 8080 }, 'constructor', undefined],
  ['the same, where it names none', {}, 'http', 80],
  ['the same, whatever the name', {}, 'constructor', 80],
  ['a port that is called so', { constructor: 8080 }, 'constructor', 8080],
] as const)('an endpoint serves a port of its service on %s', (_, ports, name, expected) => {
  const endpoint: Pick<Endpoint, 'ports'> = { ports }
  expect(endpointPort(endpoint as Endpoint, { name, port: 80, protocol: 'TCP' })).toBe(expected)
})
