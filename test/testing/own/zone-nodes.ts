import type { Controller, Runnable } from '../../../src/reconcile/index.js'
import type { ObjectInput } from '../../../src/store/index.js'
import { createNodeHeartbeat, createNodeLifecycleController } from '../../../src/workloads/index.js'

const zone = { 'topology.kubernetes.io/zone': 'a' }
export const alive = 'n1'

/** Says that it is ready, once. */
export function silentNode(name: string, spec: object = { unschedulable: false }): ObjectInput {
  const lastTransitionTime = '2026-01-01T00:00:00.000Z'
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime }
  return {
    kind: 'Node',
    metadata: { name, labels: zone },
    spec,
    status: { capacity: { cpu: 4, pods: 10 }, conditions: [ready] },
  }
}

/** A node is there whether somebody wants something of it or not, and says so again and again. */
export const beating = ['noOrphans', 'idempotent', 'levelTriggered'] as const

/** Slow ones, so that little happens while nothing does. */
const leaseDurationSeconds = 400
export const heartbeat = (): Runnable =>
  createNodeHeartbeat({
    nodeName: alive,
    labels: zone,
    status: { capacity: { cpu: 4, pods: 10 } },
    heartbeatMs: 100_000,
    leaseDurationSeconds,
  })
export const lifecycle = (): Controller =>
  createNodeLifecycleController({
    evictAfterMs: 30_000,
    defaultLeaseDurationMs: leaseDurationSeconds * 1000,
  })
