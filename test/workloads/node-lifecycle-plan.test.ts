import { expect, test } from 'vitest'
import type { Node } from '../../src/api/index.js'
import { formatTime } from '../../src/core/index.js'
import { planNodeLifecycle } from '../../src/workloads/index.js'
import {
  defaultEvictionRates,
  evictionRate,
  ZoneEvictions,
  zoneState,
} from '../../src/workloads/zone-disruption.js'
import { task } from './fixtures/objects.js'

const limits = { leaseSlackMs: 1_000, evictAfterMs: 10_000 }
const heartbeat = { leaseDurationMs: 4_000, lastSeenMs: 100_000 }

/** Silent from 105,000 on; `unknownSinceMs` is when somebody noticed. */
function node(unknownSinceMs?: number): Node {
  const status = unknownSinceMs === undefined ? 'True' : 'Unknown'
  const lastTransitionTime = formatTime(unknownSinceMs ?? 0)
  const conditions = [{ type: 'Ready', status, reason: 'Test', message: '', lastTransitionTime } as const]
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: task({ name: 'n1' }).metadata,
    spec: {},
    status: { conditions },
  }
}

test.each([
  { nowMs: 100_000, since: undefined, plan: { kind: 'alive', wakeAtMs: 105_000 } },
  { nowMs: 104_999, since: undefined, plan: { kind: 'alive', wakeAtMs: 105_000 } },
  { nowMs: 105_000, since: undefined, plan: { kind: 'silent', wakeAtMs: 115_000 } },
  { nowMs: 108_000, since: 105_000, plan: { kind: 'silent', wakeAtMs: 115_000 } },
  { nowMs: 115_000, since: 105_000, plan: { kind: 'evict', silentForMs: 10_000 } },
  { nowMs: 104_000, since: 50_000, plan: { kind: 'alive', wakeAtMs: 105_000 } },
])('at $nowMs, unknown since $since: $plan.kind', ({ nowMs, since, plan }) => {
  const known = since === undefined ? heartbeat : { ...heartbeat, unknownSinceMs: since }
  expect(planNodeLifecycle(node(since), known, limits, nowMs)).toEqual(plan)
})

test.each([
  { ready: 60, silent: 3, seconds: 10 },
  { ready: 20, silent: 40, seconds: 100 },
  // Of a small zone none, and of a whole one as of any other: others are heard of.
  { ready: 20, silent: 30, seconds: Number.POSITIVE_INFINITY },
  { ready: 0, silent: 60, seconds: 10 },
])(
  'of $silent silent nodes beside $ready one each $seconds s loses its tasks',
  ({ ready, silent, seconds }) => {
    const rate = evictionRate(zoneState(ready, silent), ready + silent, defaultEvictionRates)
    expect(1 / rate).toBe(seconds)
    if (rate === 0) return
    const evictions = new ZoneEvictions()
    const times: number[] = []
    // A token is taken by a node that is due, not by one that asks.
    for (let at = 0; times.length < 3; at += 1)
      if (evictions.take(`n${times.length}`, 'a', rate, at * 1_000)) times.push(at)
    expect(times).toEqual([0, seconds, 2 * seconds])
    expect(evictions.take('n0', 'a', rate, 0)).toBe(true)
  },
)
