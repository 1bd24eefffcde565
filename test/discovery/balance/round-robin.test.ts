import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemEnv } from '../../../src/core/index.js'
import type { BalancePolicy } from '../../../src/discovery/balance/balance-policy.js'
import { createBalancer } from '../../../src/discovery/balance/balance-policy.js'
import type { Balancer } from '../../../src/discovery/balance/balancer.js'
import { trafficCandidates } from '../../../src/discovery/balance/traffic-weights.js'
import type { Endpoint } from '../../../src/discovery/index.js'

/** Candidates a, b, c … with these weights. */
function balancerOf(policy: BalancePolicy, weights: readonly number[]): Balancer {
  const balancer = createBalancer(policy, systemEnv.random)
  balancer.update(weights.map((weight, i) => ({ id: 'abcdef'[i] ?? String(i), weight })))
  return balancer
}

const picks = (balancer: Balancer, count: number): readonly string[] =>
  Array.from({ length: count }, () => balancer.pick() ?? '-')

const times = (list: readonly string[], id: string): number => list.filter(entry => entry === id).length

function endpoint(id: string, template: string, weight?: number): Endpoint {
  return {
    id,
    addresses: [],
    ports: {},
    conditions: { ready: true, serving: true, terminating: false },
    template,
    ...(weight === undefined ? {} : { weight }),
  }
}

describe('turns', () => {
  test('each candidate gets exactly its weight in every round', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { minLength: 1, maxLength: 6 }), weights => {
        const sum = weights.reduce((a, b) => a + b, 0)
        fc.pre(sum > 0)
        const balancer = balancerOf('round-robin', weights)
        const equal = weights.every(weight => weight === weights[0])
        for (let turn = 0; turn < 3; turn++) {
          const found = picks(balancer, equal ? weights.length : sum)
          const counts = weights.map((_, i) => times(found, 'abcdef'[i] as string))
          expect(counts).toEqual(equal ? weights.map(() => 1) : weights)
        }
      }),
    )
  })

  test('they are spread out: five, one and one', () => {
    expect(picks(balancerOf('round-robin', [5, 1, 1]), 7).join('')).toBe('aabacaa')
  })

  test('credit survives updates: 90 to 10 is kept with an update before each pick', () => {
    const shares = [
      { template: 'A', weight: 90 },
      { template: 'B', weight: 10 },
    ]
    const balancer = createBalancer('round-robin', systemEnv.random)
    const endpoints = [endpoint('a1', 'A'), endpoint('a2', 'A'), endpoint('a3', 'A'), endpoint('b1', 'B')]
    const found = Array.from({ length: 1000 }, () => {
      balancer.update(trafficCandidates(endpoints, shares))
      return balancer.pick() ?? '-'
    })
    expect(times(found, 'b1')).toBe(100)
    for (const id of ['a1', 'a2', 'a3']) expect(times(found, id)).toBe(300)
  })

  test('shares belong to templates: they are kept while every endpoint is replaced before each pick', () => {
    const shares = [
      { template: 'A', weight: 75 },
      { template: 'B', weight: 25 },
    ]
    const balancer = createBalancer('round-robin', systemEnv.random)
    const found = Array.from({ length: 400 }, (_, n) => {
      const endpoints = [endpoint(`a${n}`, 'A'), endpoint(`a${n + 1}`, 'A'), endpoint(`b${n}`, 'B')]
      balancer.update(trafficCandidates(endpoints, shares))
      return balancer.pick()?.[0] ?? '-'
    })
    expect(times(found, 'b')).toBe(100)
  })

  test('credit is bounded: shares on another scale hold at once', () => {
    const balancer = createBalancer('round-robin', systemEnv.random)
    balancer.update([
      { id: 'a', weight: 900_000 },
      { id: 'b', weight: 100_000 },
    ])
    picks(balancer, 5)
    balancer.update([
      { id: 'a', weight: 1 },
      { id: 'b', weight: 3 },
    ])
    expect(Math.abs(times(picks(balancer, 40), 'b') - 30)).toBeLessThanOrEqual(1)
  })

  test('plain turns continue behind the last one, whoever comes or goes', () => {
    const balancer = balancerOf('round-robin', [1, 1, 1])
    expect(picks(balancer, 2)).toEqual(['a', 'b'])
    balancer.update(['a', 'b', 'bb', 'c'].map(id => ({ id, weight: 1 })))
    expect(picks(balancer, 3)).toEqual(['bb', 'c', 'a'])
  })
})

describe('least connections', () => {
  test('the smallest load for its weight, equals by turns', () => {
    const balancer = balancerOf('least-connections', [1, 2, 1])
    const active = new Map([['b', 2]])
    const pick = (): string | undefined => balancer.pick({ active: id => active.get(id) ?? 0 })
    expect([pick(), pick()]).toEqual(['a', 'c'])
    active.set('a', 1).set('c', 1)
    expect(pick()).toBe('b')
  })
})

test.each(['round-robin', 'least-connections'] as const)(
  '%s picks none that is excluded, and nothing when all are',
  policy => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 }),
        fc.array(fc.nat(5)),
        (weights, out) => {
          const excluded = new Set(out.map(i => 'abcdef'[i] as string))
          const left = 'abcdef'
            .split('')
            .slice(0, weights.length)
            .filter(id => !excluded.has(id))
          const pick = balancerOf(policy, weights).pick({ excluded })
          expect(left.length === 0 ? [undefined] : left).toContain(pick)
        },
      ),
    )
  },
)

test('shares are of templates, whatever the number of their endpoints; without any share all are alike', () => {
  const weights = (list: readonly Endpoint[], shares: Parameters<typeof trafficCandidates>[1]): unknown =>
    trafficCandidates(list, shares).map(({ id, weight }) => [id, weight])
  const endpoints = [endpoint('a', 'v1'), endpoint('b', 'v1', 2), endpoint('c', 'v2'), endpoint('d', 'v3')]
  const shares = [
    { template: 'v1', weight: 90 },
    { template: 'v2', weight: 10 },
  ]
  expect(weights(endpoints, shares)).toEqual([
    ['a', 30],
    ['b', 60],
    ['c', 10],
  ])
  const own = [
    ['a', 1],
    ['b', 2],
    ['c', 1],
    ['d', 1],
  ]
  expect(weights(endpoints, [{ template: 'v9', weight: 1 }])).toEqual(own)
  expect(weights(endpoints, undefined)).toEqual(own)
})
