import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BalancePolicy, Balancer, Candidate } from '../../../src/discovery/balance/index.js'
import {
  createBalancer,
  createClientAffinity,
  createMaglev,
  createPeakEwma,
  explainRoute,
  maglevTable,
  routeFor,
  slowStartShare,
} from '../../../src/discovery/balance/index.js'
import { createOutlierDetection } from '../../../src/discovery/health/index.js'
import type { Endpoint, RegisteredService } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const policies: readonly BalancePolicy[] = [
  'round-robin',
  'least-connections',
  'random',
  'power-of-two',
  'peak-ewma',
  'ring-hash',
  'maglev',
  'rendezvous',
]
const hashing: readonly BalancePolicy[] = ['ring-hash', 'maglev', 'rendezvous']
const { random } = createVirtualEnv()
const candidatesOf = (count: number, weight = 1): readonly Candidate[] =>
  Array.from({ length: count }, (_, i) => ({ id: `e${i}`, weight }))
const made = (policy: BalancePolicy, candidates: readonly Candidate[]): Balancer => {
  const balancer = createBalancer(policy, random)
  balancer.update(candidates)
  return balancer
}
const keys = Array.from({ length: 2000 }, (_, i) => `client-${i}`)

describe.each(policies)('%s', policy => {
  test('picks candidates only, none that is excluded, and nothing when all are', () => {
    const weighted = fc.uniqueArray(
      fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), weight: fc.integer({ min: 1, max: 9 }) }),
      {
        selector: ({ id }) => id,
      },
    )
    fc.assert(
      fc.property(weighted, fc.array(fc.constantFrom('a', 'b', 'c', 'd')), fc.string(), (list, out, key) => {
        const excluded = new Set(out)
        const left = list.map(({ id }) => id).filter(id => !excluded.has(id))
        const sorted = list.toSorted((a, b) => (a.id < b.id ? -1 : 1))
        const pick = made(policy, sorted).pick({ excluded, key })
        expect(left.length === 0 ? [undefined] : left).toContain(pick)
      }),
      { numRuns: policy === 'maglev' ? 10 : 100 },
    )
  })

  test('spreads over all', () => {
    const balancer = made(policy, candidatesOf(5))
    const counts = new Map<string, number>()
    for (const key of keys) {
      const id = balancer.pick({ key }) ?? ''
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    expect(counts.size).toBe(5)
    expect(Math.min(...counts.values())).toBeGreaterThan(keys.length / 5 / 3)
  })
})

describe.each(policies)('%s', policy => {
  test('weight 0 is picked only where there is no other, and then all are alike', () => {
    const ids = (weights: readonly number[]): ReadonlySet<string | undefined> => {
      const balancer = made(
        policy,
        weights.map((weight, i) => ({ id: `e${i}`, weight })),
      )
      return new Set(keys.slice(0, 100).map(key => balancer.pick({ key })))
    }
    expect(ids([0, 2, 0, 1])).not.toContain('e0')
    expect(ids([0, 2, 0, 1])).not.toContain('e2')
    expect(ids([0, 2, 0, 1])).not.toContain(undefined)
    expect(ids([0, 0, 0])).toEqual(new Set(['e0', 'e1', 'e2']))
  })
})

test.each<readonly [BalancePolicy, number]>([
  ['round-robin', 0],
  ['random', 0.04],
  ['ring-hash', 0.1],
  ['maglev', 0.04],
  ['rendezvous', 0.04],
])('by %s a weight is a share, give or take %d', (policy, margin) => {
  const balancer = made(policy, [
    { id: 'a', weight: 1 },
    { id: 'b', weight: 3 },
    { id: 'c', weight: 4 },
  ])
  const picked = keys.map(key => balancer.pick({ key }))
  for (const [id, share] of [
    ['a', 1 / 8],
    ['b', 3 / 8],
    ['c', 4 / 8],
  ] as const) {
    const got = picked.filter(other => other === id).length / keys.length
    expect(Math.abs(got - share), `${id} ${got}`).toBeLessThanOrEqual(margin)
  }
})

test.each<BalancePolicy>(['power-of-two', 'peak-ewma', 'least-connections'])(
  'by %s of two the one with fewer connections for its weight is picked',
  policy => {
    const balancer = made(policy, [
      { id: 'a', weight: 1 },
      { id: 'b', weight: 4 },
    ])
    const pick = (a: number, b: number): unknown => balancer.pick({ active: id => (id === 'a' ? a : b) })
    expect([pick(1, 0), pick(1, 6), pick(1, 9), pick(0, 2)]).toEqual(['b', 'b', 'a', 'b'])
  },
)

describe.each(hashing)('%s', policy => {
  test('a key stays where it is, unless its candidate goes', () => {
    const before = made(policy, candidatesOf(10))
    const after = made(policy, candidatesOf(10).slice(1))
    const moved = keys.filter(key => {
      const was = before.pick({ key })
      expect(before.pick({ key })).toBe(was)
      return was !== 'e0' && was !== after.pick({ key })
    })
    expect(moved.length / keys.length).toBeLessThan(policy === 'rendezvous' ? 0.0001 : 0.03)
  })
})

test('a Maglev table gives each its share, whatever the order of the names', () => {
  const [one, two] = [createMaglev(), createMaglev()]
  one.update(candidatesOf(50))
  two.update(candidatesOf(50).toReversed())
  expect(keys.map(key => one.pick({ key }))).toEqual(keys.map(key => two.pick({ key })))
  const table = maglevTable(
    Array.from({ length: 50 }, (_, i) => ({
      offset: (i * 7919) % 65_537,
      skip: ((i * 104_729) % 65_536) + 1,
    })),
  )
  const counts = new Map<number, number>()
  for (const index of table) counts.set(index, (counts.get(index) ?? 0) + 1)
  expect(Math.max(...counts.values()) / (table.length / 50)).toBeLessThan(1.02)
})

test('peak EWMA: a slow answer counts at once, faster ones little by little', () => {
  const balancer = createPeakEwma(random)
  balancer.update([
    { id: 'a', weight: 1 },
    { id: 'b', weight: 1 },
  ])
  for (const id of ['a', 'b']) balancer.observe(id, 10, 0)
  balancer.observe('a', 500, 1)
  expect(balancer.pick()).toBe('b')
  for (let at = 1; at < 20; at++) balancer.observe('a', 1, at * 10_000)
  expect(balancer.pick()).toBe('a')
})

test('slow start grows from a tenth to the whole', () => {
  expect([0, 10, 500, 1000, 5000].map(ms => slowStartShare(ms, 1000))).toEqual([0.1, 0.1, 0.5, 1, 1])
  expect(slowStartShare(0, 0)).toBe(1)
})

describe('client affinity', () => {
  test('a client leaves its endpoint when that stops being eligible, and does not come back with it', () => {
    const affinity = createClientAffinity()
    affinity.update(new Set(['a', 'b']))
    affinity.keep('c', 'a', 0)
    affinity.update(new Set(['b']))
    affinity.update(new Set(['a', 'b']))
    expect(affinity.find('c', 1)).toBeUndefined()
  })

  test('the table is bounded: who was silent longest is forgotten', () => {
    const affinity = createClientAffinity({ maxClients: 2 })
    affinity.update(new Set(['a']))
    for (const client of ['x', 'y']) affinity.keep(client, 'a', 0)
    affinity.find('x', 1)
    affinity.keep('z', 'a', 2)
    expect(['x', 'y', 'z'].map(client => affinity.find(client, 3))).toEqual(['a', undefined, 'a'])
    expect(affinity.size).toBe(2)
  })

  test('by default it has 65,536 clients, however many come', () => {
    const affinity = createClientAffinity()
    affinity.update(new Set(['a']))
    for (let i = 0; i < 65_540; i++) affinity.keep(`c${i}`, 'a', 0)
    expect([affinity.size, affinity.find('c3', 0), affinity.find('c4', 0)]).toEqual([65_536, undefined, 'a'])
  })
})

describe('route', () => {
  const service: RegisteredService = { namespace: 'p', name: 'web', mode: 'vip', vips: [], ports: [] }
  const endpoint = (id: string, more: Partial<Endpoint> = {}): Endpoint => ({
    id,
    addresses: ['10.0.0.1'],
    ports: {},
    conditions: { ready: true, serving: true, terminating: false },
    ...more,
  })
  const unready = { conditions: { ready: false, serving: false, terminating: false } }
  const leaving = { conditions: { ready: false, serving: true, terminating: true } }

  test('every endpoint has its share, or why it has none', () => {
    const port = { name: 'http', port: 80, protocol: 'TCP' } as const
    const endpoints = [
      endpoint('a', { nodeName: 'n1' }),
      endpoint('b', { nodeName: 'n1', ports: { other: 1 } }),
      endpoint('c', { nodeName: 'n1', ...unready }),
      endpoint('d', { nodeName: 'n1', ...leaving }),
      endpoint('e', { nodeName: 'n2' }),
      endpoint('f', { nodeName: 'n1', addresses: [] }),
    ]
    expect(
      explainRoute({ ...service, internalTrafficPolicy: 'Local' }, endpoints, { port, nodeName: 'n1' }),
    ).toEqual([
      { endpoint: 'a', share: 1 },
      { endpoint: 'b', share: 0, reason: 'PortNotServed' },
      { endpoint: 'c', share: 0, reason: 'NotReady' },
      { endpoint: 'd', share: 0, reason: 'Terminating' },
      { endpoint: 'e', share: 0, reason: 'OnAnotherNode' },
      { endpoint: 'f', share: 0, reason: 'NoAddress' },
    ])
  })

  test('shares of all endpoints add up to one, or to nothing', () => {
    const arbitrary = fc.array(
      fc.record({
        ready: fc.boolean(),
        serving: fc.boolean(),
        zone: fc.constantFrom('z1', 'z2'),
        weight: fc.nat(3),
      }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(arbitrary, fc.boolean(), (rows, near) => {
        const endpoints = rows.map(({ ready, serving, zone, weight }, i) =>
          endpoint(`e${i}`, { zone, weight, conditions: { ready, serving, terminating: !ready } }),
        )
        const preferring = near ? ({ ...service, trafficDistribution: 'PreferSameZone' } as const) : service
        const { verdicts, candidates } = routeFor(preferring, endpoints, { zone: 'z1' })
        const sum = verdicts.reduce((all, { share }) => all + share, 0)
        expect(sum).toBeCloseTo(candidates.length === 0 ? 0 : 1)
        expect(verdicts.every(({ share, reason }) => share > 0 === (reason === undefined))).toBe(true)
      }),
    )
  })

  test('an endpoint that became ready has a share that grows, and its weight counts beside it', () => {
    const shares = (nowMs: number): readonly number[] =>
      explainRoute(
        { ...service, slowStartSeconds: 10 },
        [endpoint('old'), endpoint('new', { weight: 2 })],
        { nowMs },
        { readySinceMs: id => (id === 'new' ? 1000 : -60_000) },
      ).map(({ share }) => share)
    const [, first = 0] = shares(1000)
    const [, half = 0] = shares(6000)
    const [, whole = 0] = shares(11_000)
    expect(first).toBeCloseTo(0.2 / 1.2)
    expect(half).toBeCloseTo(1 / 2)
    expect(whole).toBeCloseTo(2 / 3)
  })

  test('without a weight above 0 every endpoint is picked as it is explained, whatever the policy', () => {
    const endpoints = [endpoint('a', { weight: 0 }), endpoint('b', { weight: 0 })]
    const { candidates, verdicts } = routeFor(service, endpoints)
    expect(verdicts.map(({ share }) => share)).toEqual([0.5, 0.5])
    for (const policy of policies) expect(made(policy, candidates).pick(), policy).toBeDefined()
  })

  test('the nearest place is preferred, unless it would be overloaded', () => {
    const endpoints = [
      endpoint('a', { zone: 'z1' }),
      ...['b', 'c', 'd'].map(id => endpoint(id, { zone: 'z2' })),
    ]
    const preferring = { ...service, trafficDistribution: 'PreferSameZone' } as const
    const used = (clientShare: number): readonly string[] =>
      routeFor(
        preferring,
        endpoints,
        { zone: 'z1' },
        { overload: { margin: 0.2, clientShare: () => clientShare } },
      ).candidates.map(({ id }) => id)
    expect([used(0.3), used(0.5)]).toEqual([['a'], ['a', 'b', 'c', 'd']])
  })

  test('ejected endpoints are left out, until too few are left to believe it', () => {
    const endpoints = ['a', 'b', 'c', 'd'].map(id => endpoint(id))
    const some = routeFor(service, endpoints, {}, { ejected: new Set(['a']) })
    expect([some.panic, some.candidates.length, some.verdicts[0]]).toEqual([
      false,
      3,
      { endpoint: 'a', share: 0, reason: 'Ejected' },
    ])
    const most = routeFor(service, endpoints, {}, { ejected: new Set(['a', 'b', 'c']) })
    expect([most.panic, most.candidates.length]).toEqual([true, 4])
  })

  test('an ejected endpoint keeps its conditions: names have it, and only the router leaves it out', () => {
    const outliers = createOutlierDetection({ consecutiveFailures: 1 })
    outliers.update(['a', 'b'])
    outliers.observe('a', false, 0)
    const endpoints = ['a', 'b'].map(id => Object.freeze(endpoint(id)))
    for (const { conditions } of endpoints) Object.freeze(conditions)
    const registry = createRegistry()
    registry.apply(1, [
      { op: 'set-service', service },
      { op: 'set-endpoints', service: 'p/web', slice: 's', endpoints },
    ])
    const { candidates } = routeFor(
      service,
      registry.endpoints('p/web', 'all'),
      {},
      { ejected: outliers.ejected() },
    )
    expect(candidates.map(({ id }) => id)).toEqual(['b'])
    expect(registry.endpoints('p/web')).toEqual(endpoints)
    outliers.sweep(30_000)
    expect(routeFor(service, endpoints, {}, { ejected: outliers.ejected() }).candidates).toHaveLength(2)
  })
})
