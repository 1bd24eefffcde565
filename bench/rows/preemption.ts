import type { ResourceVector } from 'keelson/core'
import { createSeededRandom } from 'keelson/core'
import type { PlacementRequest, Scheduler } from 'keelson/scheduling'
import { createScheduler, planPreemption } from 'keelson/scheduling'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Row } from '../frame/row.js'

/** Room that is made on a full cluster. */
export const preemptionRows: readonly Row[] = [
  {
    name: 'preempt',
    title: 'plans to make room on so many full nodes of ten tasks each',
    unit: 'per second',
    target: 5_000,
    sizes: [5_000],
    ours: size =>
      preemptions(
        fullCluster(size, node => node % 50),
        () => ({ cpu: 150, memory: 150 }),
      ),
  },
  {
    name: 'preempt-equal',
    title: 'the same where all tasks have one priority: every node could be the one',
    unit: 'per second',
    target: 5_000,
    sizes: [5_000],
    ours: size =>
      preemptions(
        fullCluster(size, () => 0),
        () => ({ cpu: 150, memory: 150 }),
      ),
  },
  {
    name: 'preempt-sizes',
    title: 'the same with tasks of 20 sizes and priorities, and preemptors of 20 sizes',
    unit: 'per second',
    sizes: [5_000],
    ours: size =>
      preemptions(mixedCluster(size), at => ({ cpu: 600 + (at % 20) * 10, memory: 300 + (at % 20) * 20 })),
  },
]

/** Each plan is carried out before the next is made: victims go, and the preemptor has their room. */
function preemptions(scheduler: Scheduler, requestAt: (at: number) => ResourceVector): Promise<Measurement> {
  return measure({
    batch: 50,
    operations: 5_000,
    budgetMs: 10_000,
    prepare: (from, count) =>
      Array.from({ length: count }, (_, index): PlacementRequest => {
        const at = from + index
        return { key: `p${at}`, priority: 100, requests: requestAt(at) }
      }),
    run: batch => {
      for (const request of batch) {
        const plan = planPreemption(scheduler, request)
        if (plan.kind !== 'preempt') throw new Error('there is somebody to make way')
        for (const { key } of plan.victims) scheduler.removeTask(key)
        scheduler.addTask({ ...request, node: plan.node })
      }
    },
  })
}

/** Nodes with ten tasks each; `priorityAt` of the node and the task. */
function fullCluster(size: number, priorityAt: (node: number, task: number) => number): Scheduler {
  const scheduler = createScheduler()
  const requests = { cpu: 100, memory: 100 }
  for (let index = 0; index < size; index++) {
    const node = `n${index}`
    scheduler.addNode({ name: node, allocatable: { cpu: 1_000, memory: 1_000 } })
    for (let at = 0; at < 10; at++)
      scheduler.addTask({ key: `${node}-${at}`, node, requests, priority: priorityAt(index, at) })
  }
  return scheduler
}

/** Nodes that are filled with tasks of many sizes, until none fits any more. */
function mixedCluster(size: number): Scheduler {
  const scheduler = createScheduler()
  const random = createSeededRandom(7)
  for (let index = 0; index < size; index++) {
    const node = `n${index}`
    scheduler.addNode({ name: node, allocatable: { cpu: 1_000, memory: 1_000 } })
    let [cpu, memory] = [1_000, 1_000]
    for (let at = 0; ; at++) {
      const kind = Math.floor(random.next() * 20)
      const requests = { cpu: 60 + kind * 10, memory: 60 + ((kind * 7) % 20) * 10 }
      cpu -= requests.cpu
      memory -= requests.memory
      if (cpu < 0 || memory < 0) break
      scheduler.addTask({ key: `${node}-${at}`, node, requests, priority: Math.floor(random.next() * 20) })
    }
  }
  return scheduler
}
