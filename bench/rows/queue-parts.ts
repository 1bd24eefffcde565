import { createMemoryMetrics, systemEnv } from 'keelson/core'
import { createWorkQueue, exponentialLimiter } from 'keelson/reconcile'
import { LinkedList } from '../../src/core/structures/linked-list.js'
import { KeyRecord } from '../../src/reconcile/queue/key-record.js'
import { createQueueMetrics } from '../../src/reconcile/queue/queue-metrics.js'
import { TurnClock } from '../../src/reconcile/queue/turn-clock.js'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Row } from '../frame/row.js'
import { CLIENT_GO, clientGo } from '../peers/reconcile/client-go.js'

/** What a minimal queue does besides finding the record of a key; each stage has all of those before it. */
const STAGES = ['records', 'time', 'metrics'] as const

const STAGE_TITLES: Readonly<Record<(typeof STAGES)[number], string>> = {
  records: 'a look-up, a record of our size in a list, marked as wanted, as taken and as done',
  time: 'the same, with the time at which it was wanted and taken; readings are shared',
  metrics: 'the same, with the histograms of client-go, and its counter and gauge once for each reading',
}

/**
 * The account of a cycle of the queue: hand-written minima that grow by what a queue by key must do, and then ours with
 * nothing to measure. Between the last stage and ours are priorities that age, records that are kept while idle, limits,
 * failures, reasons, delays and those who wait.
 */
export const queuePartRows: readonly Row[] = [
  ...STAGES.map(
    (stage, index): Row => ({
      name: `queue-floor-${stage}`,
      title: `the floor of the queue, part by part: ${STAGE_TITLES[stage]}`,
      unit: 'ns',
      sizes: [10_000],
      ours: size => minimum(size, index),
    }),
  ),
  {
    name: 'queue-unmeasured',
    title: 'add, get, forget and done by key, without metrics and with one priority',
    unit: 'ns',
    sizes: [10_000],
    ours: unmeasured,
    peers: clientGo('bare'),
    atLeast: { [CLIENT_GO]: 3 },
  },
]

function minimum(size: number, stages: number): Promise<Measurement> {
  const keys = keysOf(size)
  const known = new Map(keys.map(key => [key, new KeyRecord(key)]))
  const ready = new LinkedList<KeyRecord<string>>()
  const clock = new TurnClock(systemEnv.clock)
  const metrics = createQueueMetrics(createMemoryMetrics(), 'queue')
  const isTimed = stages >= STAGES.indexOf('time')
  const isMeasured = stages >= STAGES.indexOf('metrics')
  const now = (): number => (isTimed ? clock.now() : 1)
  const add = (key: string): void => {
    const record = known.get(key)
    if (record === undefined || record.dirty) return
    record.wantedAtMs = now()
    ready.push(record)
    if (!isMeasured) return
    metrics.added()
    if (!clock.isShared) metrics.depth(ready.length)
  }
  const take = (): KeyRecord<string> | undefined => {
    const record = ready.head
    if (record === undefined) return undefined
    ready.remove(record)
    const nowMs = now()
    if (isMeasured) metrics.taken(nowMs - (record.wantedAtMs ?? nowMs))
    record.wantedAtMs = undefined
    record.takenAtMs = nowMs
    return record
  }
  const done = (record: KeyRecord<string>): void => {
    if (isMeasured) metrics.done(now() - (record.takenAtMs ?? 0))
    record.takenAtMs = undefined
  }
  return repeated(size, () => {
    for (const key of keys) add(key)
    for (let record = take(); record !== undefined; record = take()) done(record)
  })
}

function unmeasured(size: number): Promise<Measurement> {
  const keys = keysOf(size)
  const queue = createWorkQueue<string>({ limiter: exponentialLimiter(), idleKeysMax: size })
  return repeated(size, () => {
    for (const key of keys) queue.add(key)
    for (let key = queue.get(); key !== undefined; key = queue.get()) {
      queue.forget(key)
      queue.done(key)
    }
  })
}

function keysOf(size: number): readonly string[] {
  return Array.from({ length: size }, (_, index) => `default/key-${index}`)
}

function repeated(size: number, run: () => void): Promise<Measurement> {
  return measure({ batch: size, operations: size * 1_000, warm: 500_000, prepare: () => undefined, run })
}
