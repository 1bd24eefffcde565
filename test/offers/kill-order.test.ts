import { describe, expect, test } from 'vitest'
import { killOrder, unreachableVerdict } from '../../src/offers/index.js'
import type { KillCandidate } from '../../src/offers/matching/kill-order.js'

const running = (id: string, sinceMs: number, more: Partial<KillCandidate> = {}): KillCandidate => ({
  id,
  state: 'running',
  sinceMs,
  ...more,
})

const inRack = (id: string, sinceMs: number, rack: string): KillCandidate =>
  running(id, sinceMs, { groups: { rack } })

describe('who is stopped first', () => {
  test.each<readonly [string, readonly KillCandidate[], readonly string[]]>([
    [
      'is who is being stopped already, whoever else is younger',
      [running('b', 9), running('a', 1, { sentenced: true })],
      ['a', 'b'],
    ],
    [
      'is who does least',
      (['running', 'starting', 'staging', 'unreachable'] as const).map(state => ({
        id: state,
        state,
        sinceMs: 0,
      })),
      ['unreachable', 'staging', 'starting', 'running'],
    ],
    [
      'is the younger one, and of equals the lower id',
      [running('c', 1), running('b', 2), running('a', 2)],
      ['a', 'b', 'c'],
    ],
    [
      'is one of the largest group, however young the others are, and the groups stay even',
      [
        inRack('a1', 1, 'a'),
        inRack('a2', 2, 'a'),
        inRack('a3', 3, 'a'),
        inRack('b1', 8, 'b'),
        inRack('b2', 9, 'b'),
      ],
      ['a3', 'b2', 'a2', 'b1', 'a1'],
    ],
  ])('%s', (_who, candidates, order) => {
    expect(killOrder(candidates).map(({ id }) => id)).toEqual(order)
    expect(killOrder([...candidates].reverse()).map(({ id }) => id)).toEqual(order)
  })

  test('is the oldest where that is asked for', () => {
    const order = killOrder([running('b', 2), running('a', 1)], { pick: 'oldest' })
    expect(order.map(({ id }) => id)).toEqual(['a', 'b'])
  })
})

describe('a task that has been out of reach', () => {
  test.each([
    [0, {}, 'replace'],
    [1, {}, 'expunge'],
    [299, { inactiveAfterMs: 300, expungeAfterMs: 600 }, 'wait'],
    [300, { inactiveAfterMs: 300, expungeAfterMs: 600 }, 'replace'],
    [600, { inactiveAfterMs: 300, expungeAfterMs: 600 }, 'replace'],
    [601, { inactiveAfterMs: 300, expungeAfterMs: 600 }, 'expunge'],
  ] as const)('for %i ms, with %j: %s', (forMs, strategy, verdict) => {
    expect(unreachableVerdict(forMs, strategy)).toBe(verdict)
  })

  test('is not forgotten before it is replaced', () => {
    expect(() => unreachableVerdict(0, { inactiveAfterMs: 2, expungeAfterMs: 1 })).toThrow(
      'unreachable strategy is invalid: expungeAfterMs: must be at least inactiveAfterMs, which is 2',
    )
  })
})
