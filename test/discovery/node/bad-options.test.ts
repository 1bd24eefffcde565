import { expect, test } from 'vitest'
import { createRegistry } from '../../../src/discovery/index.js'
import type { DnsServerOptions, VipProxyOptions } from '../../../src/discovery/node/index.js'
import { serveDns, serveVips } from '../../../src/discovery/node/index.js'

test.each<readonly [DnsServerOptions, string]>([
  [{ port: 99_999 }, 'port: must be a whole number from 0 to 65535'],
  [{ port: -1 }, 'port: must be a whole number from 0 to 65535'],
  [{ port: '5353x' as unknown as number }, 'port: must be a whole number from 0 to 65535'],
  [{ port: 53.5 }, 'port: must be a whole number from 0 to 65535'],
  [{ maxConnections: 0 }, 'maxConnections: must be a whole number of at least 1'],
  [{ idleMs: Number.NaN }, 'idleMs: must be a whole number of at least 1'],
])('a DNS server is refused %j before it listens', async (options, message) => {
  const refused = serveDns(createRegistry(), options)
  await expect(refused).rejects.toMatchObject({ code: 'Invalid' })
  await expect(refused).rejects.toThrow(message)
})

test.each<readonly [Omit<VipProxyOptions, 'env'>, string]>([
  [{ drainMs: -1 }, 'drainMs'],
  [{ maxFlows: 0 }, 'maxFlows'],
  [{ udpIdleMs: 0 }, 'udpIdleMs'],
  [{ maxConnectionsPerService: 0 }, 'maxConnectionsPerService'],
  [{ maxConnectionsPerEndpoint: 0 }, 'maxConnectionsPerEndpoint'],
  [{ acceptProxyHeader: ['everybody'] }, 'acceptProxyHeader[0]'],
  [{ connectTimeoutMs: Number.NaN }, 'connectTimeoutMs'],
  [{ maxAttempts: 0 }, 'maxAttempts'],
  [{ maxConnections: 0 }, 'maxConnections'],
])('a proxy is refused %j', (options, field) => {
  expect(() => serveVips(createRegistry(), options)).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(() => serveVips(createRegistry(), options)).toThrow(field)
})
