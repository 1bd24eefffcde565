import { describe, expect, test } from 'vitest'
import type { Endpoint, RegisteredService } from '../../../src/discovery/index.js'
import type { VipRoute, VipRouteOptions } from '../../../src/discovery/node/vip-route.js'
import { createVipRoute } from '../../../src/discovery/node/vip-route.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const port = { name: 'http', port: 80, protocol: 'TCP' } as const
const endpoint = (id: string, more: Partial<Endpoint> = {}): Endpoint => ({
  id,
  addresses: ['10.0.0.1'],
  ports: {},
  conditions: { ready: true, serving: true, terminating: false },
  ...more,
})
const unready = { conditions: { ready: false, serving: false, terminating: false } }

function routeOf(service: Partial<RegisteredService>, options: Partial<VipRouteOptions> = {}) {
  const env = createVirtualEnv()
  const route: VipRoute = createVipRoute({
    env,
    policy: 'round-robin',
    nodeName: 'n1',
    zone: 'z1',
    ...options,
  })
  const set = (...endpoints: readonly Endpoint[]): void => setService(service, ...endpoints)
  const setService = (fields: Partial<RegisteredService>, ...endpoints: readonly Endpoint[]): void => {
    const whole = { namespace: 'p', name: 'web', mode: 'vip', vips: [], ports: [port], ...fields } as const
    route.update({ service: whole, endpoints, slices: new Map(), revision: 1 }, port)
  }
  const pick = (client = 'c'): string | undefined => route.pick({ client, active: () => 0 })?.endpoint
  const picks = (count: number, client?: string): Readonly<Record<string, number>> => {
    const counts: Record<string, number> = {}
    for (let i = 0; i < count; i++) {
      const id = pick(client) ?? 'none'
      counts[id] = (counts[id] ?? 0) + 1
    }
    return counts
  }
  return { env, route, set, setService, pick, picks }
}

const places = [
  endpoint('here', { nodeName: 'n1', zone: 'z1' }),
  endpoint('near', { nodeName: 'n2', zone: 'z1' }),
  endpoint('far', { nodeName: 'n3', zone: 'z2' }),
]

describe('a proxy', () => {
  test.each<readonly [string, Partial<RegisteredService>, Readonly<Record<string, number>>]>([
    ['all alike without a word', {}, { here: 2, near: 2, far: 2 }],
    ['its own node alone under Local', { internalTrafficPolicy: 'Local' }, { here: 6 }],
    ['its own node first', { trafficDistribution: 'PreferSameNode' }, { here: 6 }],
    ['its own zone first', { trafficDistribution: 'PreferSameZone' }, { here: 3, near: 3 }],
    ['close ones first', { trafficDistribution: 'PreferClose' }, { here: 3, near: 3 }],
  ])('leads to %s', (_what, service, expected) => {
    const { set, picks } = routeOf(service)
    set(...places)
    expect(picks(6)).toEqual(expected)
  })

  test('under Local leads nowhere without an endpoint on its node, or without a node', () => {
    const local = { internalTrafficPolicy: 'Local' } as const
    const there = routeOf(local)
    there.set(...places.slice(1))
    expect([there.pick(), there.route.eligible('near')]).toEqual([undefined, false])
    const nowhere = routeOf(local, { nodeName: undefined })
    nowhere.set(...places)
    expect(nowhere.pick()).toBeUndefined()
  })

  test('prefers what is near only while something is there', () => {
    const { set, picks } = routeOf({ trafficDistribution: 'PreferSameZone' })
    set(...places.slice(2))
    expect(picks(2)).toEqual({ far: 2 })
  })
})

describe('a client that is kept (kubernetes#110302)', () => {
  const affine = { sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: 60 } as const
  const both = [endpoint('a'), endpoint('b')]

  test('comes back to its endpoint as long as it comes in time, and others are spread', async () => {
    const { env, set, pick, picks } = routeOf(affine)
    set(...both)
    const first = pick('c')
    for (let i = 0; i < 5; i++) {
      await env.advance(59_000)
      set(...both)
      expect(pick('c')).toBe(first)
    }
    expect(picks(3, 'd')).toEqual({ [first === 'a' ? 'b' : 'a']: 3 })
    await env.advance(60_001)
    expect(pick('c')).toBeDefined()
  })

  test('leaves it when it stops being ready, not when its time is over', () => {
    const { set, pick, picks } = routeOf(affine)
    set(...both)
    const first = pick('c') ?? ''
    const other = first === 'a' ? 'b' : 'a'
    set(endpoint(first, unready), endpoint(other))
    expect(pick('c')).toBe(other)
    set(...both)
    expect(picks(3, 'c')).toEqual({ [other]: 3 })
  })

  test('is refused with nothing eligible, and takes the first that comes', () => {
    const { set, pick } = routeOf(affine)
    set(endpoint('a'))
    expect(pick('c')).toBe('a')
    set(endpoint('a', unready))
    expect(pick('c')).toBeUndefined()
    set(endpoint('a', unready), endpoint('b'))
    expect(pick('c')).toBe('b')
  })

  test('goes on to another one when its own does not accept, and stays there', () => {
    const { set, pick, route } = routeOf(affine)
    set(...both)
    const first = pick('c') ?? ''
    const second = route.pick({ client: 'c', active: () => 0, tried: new Set([first]) })?.endpoint
    expect(second).toBe(first === 'a' ? 'b' : 'a')
    expect(pick('c')).toBe(second)
  })
})

describe('slow start', () => {
  test('an endpoint that becomes ready gets a tenth, then its whole share; those of the start are not new', async () => {
    const { env, set, picks } = routeOf({ slowStartSeconds: 10 })
    set(endpoint('a'))
    set(endpoint('a'), endpoint('b'))
    expect(picks(110)).toEqual({ a: 100, b: 10 })
    await env.advance(5000)
    expect(picks(150)).toEqual({ a: 100, b: 50 })
    await env.advance(5000)
    expect(picks(100)).toEqual({ a: 50, b: 50 })
    set(endpoint('a'), endpoint('b', unready))
    set(endpoint('a'), endpoint('b'))
    expect(picks(110)).toEqual({ a: 100, b: 10 })
  })
})

test('the way that a service says goes before that of the proxy, also while it runs', () => {
  const { setService, picks } = routeOf({})
  const both = [endpoint('a'), endpoint('b')]
  setService({}, ...both)
  expect(picks(4)).toEqual({ a: 2, b: 2 })
  setService({ balance: 'maglev' }, ...both)
  expect(Object.values(picks(4))).toEqual([4])
  setService({}, ...both)
  expect(picks(4)).toEqual({ a: 2, b: 2 })
})
