import { assert, asyncProperty, boolean, constantFrom, integer, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Registry } from '../../../src/discovery/index.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'
import type { SimulatedClientsReport, VirtualEnv } from '../../../src/testing/index.js'
import { createVirtualEnv, simulateClients } from '../../../src/testing/index.js'

const name = 'web.prod.svc.cluster.local'

interface Situation {
  readonly mode: 'vip' | 'headless'
  readonly ttlSeconds: number
  readonly ttlCaching: boolean
  readonly keepAlive: boolean
  readonly lagMs: number
  readonly seed: number
}

type Change = Parameters<Registry['apply']>[1][number]

function endpoints(isReady: boolean): Change {
  const [a, b] = [
    { ready: isReady, serving: true, terminating: !isReady },
    { ready: true, serving: true, terminating: false },
  ].map((conditions, i) => ({ id: `web-${i}`, addresses: [`10.0.0.${i + 1}`], ports: {}, conditions }))
  return {
    op: 'set-endpoints',
    service: 'prod/web',
    slice: 's',
    endpoints: [a, b].filter(e => e !== undefined),
  }
}

/** Ten seconds of clients, in which `end` takes away the first of two endpoints. */
async function clientsMeet(
  { mode, ttlSeconds, seed, ...options }: Situation,
  end: (world: { env: VirtualEnv; registry: Registry; stopped(): void }) => Promise<void>,
): Promise<SimulatedClientsReport> {
  const registry = createRegistry({ profiles: [kubernetesNames({ ttlSeconds })] })
  const vips = mode === 'vip' ? ['10.96.0.1'] : []
  registry.apply(1, [
    { op: 'set-service', service: { namespace: 'prod', name: 'web', mode, vips, ports: [] } },
    endpoints(true),
    { op: 'synced' },
  ])
  const env = createVirtualEnv({ seed })
  using clients = simulateClients(registry, { env, name, clients: 8, ...options })
  await env.advance(2_000)
  await end({ env, registry, stopped: () => clients.endpointStopped('web-0') })
  await env.advance(8_000)
  return clients.report()
}

const situations = record({
  mode: constantFrom('vip' as const, 'headless' as const),
  ttlSeconds: integer({ min: 0, max: 3 }),
  ttlCaching: boolean(),
  keepAlive: boolean(),
  lagMs: integer({ min: 0, max: 1_500 }),
  seed: integer(),
})

describe('clients of an endpoint that goes', () => {
  test('none hits it when it is drained, all have acknowledged, and the TTL is over', async () => {
    await assert(
      asyncProperty(situations, async situation => {
        const report = await clientsMeet(situation, async ({ env, registry, stopped }) => {
          registry.apply(2, [endpoints(false)])
          const waited = registry.waitForConsumers(2, { clock: env.clock, timeoutMs: 5_000 })
          await env.advance(situation.lagMs)
          expect(await waited).toMatchObject({ kind: 'acknowledged' })
          await env.advance(situation.ttlSeconds * 1_000)
          stopped()
        })
        expect(report).toMatchObject({ staleHits: 0, unresolved: 0, staleEndpoints: {} })
        expect(report.requests).toBeGreaterThan(500)
      }),
      { numRuns: 15 },
    )
  })

  test('some hit it when it is stopped first and taken out a second later', async () => {
    await assert(
      asyncProperty(situations, async situation => {
        const report = await clientsMeet(situation, async ({ env, registry, stopped }) => {
          stopped()
          await env.advance(1_000)
          registry.apply(2, [endpoints(false)])
        })
        expect(report.staleHits).toBeGreaterThan(0)
        expect(report.staleEndpoints).toEqual({ 'web-0': report.staleHits })
      }),
      { numRuns: 15 },
    )
  })

  test.each([
    ['the TTL', { ttlSeconds: 3, ttlCaching: true }, 0],
    ['the acknowledgement', { lagMs: 1_000, mode: 'vip' as const }, 0],
  ])('some hit it when %s is not waited for', async (_what, more, waitMs) => {
    const plain = {
      mode: 'headless',
      ttlSeconds: 0,
      ttlCaching: false,
      keepAlive: false,
      lagMs: 0,
      seed: 1,
    } as const
    const report = await clientsMeet({ ...plain, ...more }, async ({ env, registry, stopped }) => {
      registry.apply(2, [endpoints(false)])
      await env.advance(waitMs)
      stopped()
    })
    expect(report.staleHits).toBeGreaterThan(0)
  })
})

test('a name that is not there is counted; nothing happens after the stop; numbers out of bounds are refused', async () => {
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  const env = createVirtualEnv()
  const clients = simulateClients(registry, { env, name })
  await env.advance(1_000)
  const { requests, unresolved } = clients.report()
  expect([requests, unresolved]).toEqual([100, 100])
  clients.stop()
  await env.advance(1_000)
  expect(clients.report().requests).toBe(100)
  expect(await registry.waitForConsumers(0, { clock: env.clock, timeoutMs: 0 })).toMatchObject({
    kind: 'acknowledged',
  })
  expect(() => simulateClients(registry, { env, name, clients: 0 })).toThrow(/clients/)
})
