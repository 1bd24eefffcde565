import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../../src/reconcile/election/candidacy.js'
import { decideCandidacy, observe } from '../../../src/reconcile/election/candidacy.js'
import type { ElectionRecord } from '../../../src/reconcile/election/election-lease.js'

const me: Candidate = { identity: 'me', priority: 5, leaseDurationMs: 15_000 }

function record(changes: Partial<ElectionRecord> = {}): ElectionRecord {
  return {
    holder: { identity: 'other', priority: 0 },
    preferred: undefined,
    transitions: 3,
    leaseDurationMs: 10_000,
    pulse: 'one',
    ...changes,
  }
}

const acquire = { kind: 'acquire', transitions: 4 }
const waits = (holder: string, untilMs: number, asks: boolean) => ({ kind: 'wait', holder, untilMs, asks })

describe('a candidate', () => {
  const rows: readonly [string, Partial<ElectionRecord>, nowMs: number, unknown][] = [
    ['waits for the duration that the lease states', {}, 10_999, waits('other', 11_000, true)],
    ['takes a lease that was silent for its duration', {}, 11_000, acquire],
    ['takes a lease that nobody holds', { holder: undefined }, 1_000, acquire],
    [
      'waits for a former self, which it cannot tell from a twin',
      { holder: { identity: 'me', priority: 5 } },
      2_000,
      waits('me', 11_000, false),
    ],
    [
      'does not ask an equal for room',
      { holder: { identity: 'other', priority: 5 } },
      2_000,
      waits('other', 11_000, false),
    ],
    [
      'does not ask again when it is preferred already',
      { preferred: { identity: 'me', priority: 5 } },
      2_000,
      waits('other', 11_000, false),
    ],
    [
      'asks when a lesser one was preferred',
      { preferred: { identity: 'third', priority: 4 } },
      2_000,
      waits('other', 11_000, true),
    ],
    [
      'leaves a free lease to the heir for its own lease duration',
      { holder: undefined, preferred: { identity: 'third', priority: 0 } },
      15_999,
      waits('third', 16_000, false),
    ],
    [
      'takes it when the heir does not come',
      { holder: undefined, preferred: { identity: 'third', priority: 0 } },
      16_000,
      acquire,
    ],
    [
      'takes at once what was left to itself',
      { holder: undefined, preferred: { identity: 'me', priority: 0 } },
      1_000,
      acquire,
    ],
  ]
  test.each(rows)('%s', (_, changes, nowMs, expected) => {
    expect(decideCandidacy(record(changes), 1_000, me, nowMs)).toEqual(expected)
  })

  test('begins the count at 0 when there is no lease', () => {
    expect(decideCandidacy(undefined, 0, me, 0)).toEqual({ kind: 'acquire', transitions: 0 })
  })

  test('counts silence from its first sight of the last sign of life', () => {
    const first = observe(undefined, record(), 100)
    expect(observe(first, record(), 5_000)).toBe(first)
    expect(observe(first, record({ pulse: 'two' }), 5_000)).toEqual({ pulse: 'two', atMs: 5_000 })
  })
})
