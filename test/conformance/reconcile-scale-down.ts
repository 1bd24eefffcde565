import { expect } from 'vitest'
import { scaleDownOrder } from '../../src/workloads/scale-down-order.js'
import { task } from '../workloads/fixtures/objects.js'

interface Pod {
  readonly uid: string
  readonly node: string
  readonly phase: 'Pending' | 'Running' | 'Unknown'
  readonly ready: boolean
  readonly readyAt: number
  readonly created: number
  readonly restarts: number
  readonly cost: number
}

interface RankCase {
  readonly now: number
  readonly logarithmic: boolean
  readonly pods: readonly Pod[]
  readonly expectDeleteOrder: readonly string[]
}

/** A pod of a node that says nothing is Unknown there; here its task is Running, and Ready=Unknown. */
export function judgeRanks(example: unknown): void {
  const { now, logarithmic, pods, expectDeleteOrder } = example as RankCase
  const restarts = new Map(pods.map(pod => [pod.uid, pod.restarts]))
  const tasks = pods.map(({ uid, node, phase, ready, readyAt, created, cost }) =>
    task({
      name: uid,
      uid,
      phase: phase === 'Unknown' ? 'Running' : phase,
      createdMs: created,
      annotations: { 'keelson.dev/deletion-cost': String(cost) },
      ...(node === '' ? {} : { node }),
      ...(ready ? { readySinceMs: readyAt } : {}),
      ...(phase === 'Unknown' ? { ready: 'Unknown' } : {}),
    }),
  )
  const order = scaleDownOrder(tasks, tasks.length, {
    nowMs: now,
    ages: logarithmic ? 'log2' : 'exact',
    restarts: ({ metadata }) => restarts.get(metadata.uid) ?? 0,
  })
  expect(order.map(victim => victim.task.metadata.uid)).toEqual(expectDeleteOrder)
}
