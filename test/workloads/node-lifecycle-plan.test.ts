import { expect, test } from 'vitest'
import type { Node } from '../../src/api/index.js'
import { formatTime } from '../../src/core/index.js'
import { planNodeLifecycle } from '../../src/workloads/index.js'
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
