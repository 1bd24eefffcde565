import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Endpoint } from '../../../src/discovery/index.js'
import { createBalancer, endpointWeights } from '../../../src/discovery/services/balance.js'

const idle = (): number => 0

describe('balancing', () => {
  test('round-robin gives each candidate exactly its weight in every round', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { minLength: 1, maxLength: 6 }), fc.nat(10), (weights, start) => {
        const sum = weights.reduce((a, b) => a + b, 0)
        fc.pre(sum > 0)
        const balancer = createBalancer('round-robin', weights, start)
        const equal = weights.every(weight => weight === weights[0])
        const round = equal ? weights.length : sum
        for (let turn = 0; turn < 3; turn++) {
          const picks = Array.from({ length: round }, () => balancer.pick(idle))
          const counts = weights.map((_, i) => picks.filter(pick => pick === i).length)
          expect(counts).toEqual(equal ? weights.map(() => 1) : weights)
        }
      }),
    )
  })

  test('turns are spread out: five, one and one', () => {
    const balancer = createBalancer('round-robin', [5, 1, 1])
    expect(Array.from({ length: 7 }, () => 'abc'[balancer.pick(idle)]).join('')).toBe('aabacaa')
  })

  test('least-connections picks the smallest load for its weight, equals by turns', () => {
    const balancer = createBalancer('least-connections', [1, 2, 1])
    const active = [0, 2, 0]
    expect([balancer.pick(i => active[i] as number), balancer.pick(i => active[i] as number)]).toEqual([0, 2])
    active[0] = active[2] = 1
    expect(balancer.pick(i => active[i] as number)).toBe(1)
  })

  test.each(['round-robin', 'least-connections'] as const)(
    '%s picks none that is excluded, and -1 when all are',
    policy => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 }),
          fc.array(fc.nat(5)),
          (weights, out) => {
            const excluded = new Set(out)
            const left = weights.map((_, i) => i).filter(i => !excluded.has(i))
            const pick = createBalancer(policy, weights).pick(idle, excluded)
            expect(left.length === 0 ? [-1] : left).toContain(pick)
          },
        ),
      )
    },
  )

  test('shares are of templates, whatever the number of their endpoints; without any share all are alike', () => {
    const endpoint = (id: string, template: string): Endpoint => ({
      id,
      addresses: [],
      ports: {},
      conditions: { ready: true, serving: true, terminating: false },
      template,
    })
    const endpoints = [endpoint('a', 'v1'), endpoint('b', 'v1'), endpoint('c', 'v2'), endpoint('d', 'v3')]
    const shares = [
      { template: 'v1', weight: 90 },
      { template: 'v2', weight: 10 },
    ]
    expect(endpointWeights(endpoints, shares)).toEqual([45, 45, 10, 0])
    expect(endpointWeights(endpoints, [{ template: 'v9', weight: 1 }])).toEqual([1, 1, 1, 1])
    expect(endpointWeights(endpoints, undefined)).toEqual([1, 1, 1, 1])
  })
})
