import { describe, expect, test } from 'vitest'
import type { HorizontalAutoscalerSpec } from '../../../src/api/index.js'
import { Event, findCondition, HorizontalAutoscaler, Job, ReplicaSet, Task } from '../../../src/api/index.js'
import type { StoreAdmissionHook } from '../../../src/store/index.js'
import type { FixedMetric, MetricsSource } from '../../../src/workloads/autoscaler/index.js'
import { fixedMetrics } from '../../../src/workloads/autoscaler/index.js'
import type { AutoscalerControllerOptions } from '../../../src/workloads/index.js'
import { createAutoscalerController, createReplicaController } from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import { kubelet } from '../../testing/own/neighbours.js'

const labels = { app: 'web' }
const queue = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } },
} as const
const busy = {
  type: 'Pods',
  pods: { metric: { name: 'busy' }, target: { type: 'AverageValue', averageValue: 10 } },
} as const

interface AutoscaledWorld extends World {
  /** The most replicas that admission lets a set have. */
  readonly limit: { replicas: number }
  readonly values: Record<string, FixedMetric>
  autoscale(name: string, spec?: Partial<HorizontalAutoscalerSpec>): Promise<void>
  replicas(): number | undefined
  told(name: string, type: string): string
}

async function createAutoscaledWorld(
  options: Partial<AutoscalerControllerOptions> = {},
): Promise<AutoscaledWorld> {
  const limit = { replicas: 100 }
  const admission: readonly StoreAdmissionHook[] = [
    {
      name: 'limit',
      phase: 'validate',
      kinds: [ReplicaSet],
      handle: ({ object: { spec } }) => {
        const { replicas } = spec as { replicas: number }
        if (replicas <= limit.replicas) return undefined
        const message = `must be at most ${limit.replicas}`
        return { problems: [{ field: 'spec.replicas', value: replicas, message }] }
      },
    },
  ]
  const world = createWorld({ kinds: [Event, HorizontalAutoscaler, Job, ReplicaSet, Task], admission })
  const { store, env } = world
  const values: Record<string, FixedMetric> = {}
  await world.startProcess(
    'loops',
    createReplicaController(),
    kubelet(),
    createAutoscalerController({
      metrics: fixedMetrics(values, env.clock),
      targets: [ReplicaSet, Job],
      ...options,
    }),
  )
  const spec = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: {} },
  }
  await store.create(ReplicaSet, { metadata: ref('web'), spec })
  await env.advance(5_000)
  return {
    ...world,
    values,
    limit,
    async autoscale(name, changes = {}) {
      const target = {
        scaleTargetRef: { kind: 'ReplicaSet', name: 'web' },
        maxReplicas: 20,
        metrics: [queue],
      }
      await store.create(HorizontalAutoscaler, { metadata: ref(name), spec: { ...target, ...changes } })
      await env.settle()
    },
    replicas: () => store.get(ReplicaSet, ref('web'))?.spec.replicas,
    told(name, type) {
      const condition = findCondition(store.get(HorizontalAutoscaler, ref(name))?.status?.conditions, type)
      return `${condition?.status} ${condition?.reason}`
    },
  }
}

describe('the loop of autoscalers', () => {
  test('scales by what the tasks say, tells it, and is quiet when nothing changes', async () => {
    const world = await createAutoscaledWorld()
    world.values['pods/busy'] = 25
    await world.autoscale('web', { metrics: [busy] })
    expect([world.replicas(), world.told('web', 'AbleToScale')]).toEqual([5, 'True SucceededRescale'])
    world.values['pods/busy'] = 10
    await world.env.advance(600_000)
    expect([world.replicas(), world.told('web', 'ScalingLimited')]).toEqual([5, 'False DesiredWithinRange'])
    const { revision } = world.store
    await world.env.advance(600_000)
    expect(world.store.revision).toBe(revision)
    const notes = world.store.list(Event).items.filter(({ spec }) => spec.reason === 'SuccessfulRescale')
    expect(notes.map(({ spec }) => spec.note)).toEqual(['from 2 to 5 replicas by pods/busy'])
  })

  test('looks each 15 s, not at each of its own writes', async () => {
    let reads = 0
    const world = await createAutoscaledWorld({
      metrics: { read: async () => [{ value: (reads += 1), timeMs: world.env.clock.now() }] },
    })
    await world.autoscale('web')
    await world.env.advance(150_000)
    expect(reads).toBe(11)
  })

  test('a source that does not answer is not waited for, and what it says later is nothing', async () => {
    const aborted: boolean[] = []
    const silent: MetricsSource = {
      read: (_, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => void aborted.push(true))
        }),
    }
    const world = await createAutoscaledWorld({ metrics: silent, readTimeoutMs: 3_000 })
    await world.autoscale('web')
    await world.env.advance(3_000)
    expect([world.replicas(), world.told('web', 'ScalingActive'), aborted]).toEqual([
      2,
      'False FailedGetExternalMetric',
      [true],
    ])
  })

  test('of two with one target the older acts, and the other says so', async () => {
    const world = await createAutoscaledWorld()
    world.values['external/queue'] = 50
    await world.autoscale('first')
    await world.env.advance(1_000)
    await world.autoscale('second', { minReplicas: 15 })
    await world.env.advance(60_000)
    expect([world.replicas(), world.told('second', 'AbleToScale')]).toEqual([5, 'False AmbiguousTarget'])
    await world.store.delete(HorizontalAutoscaler, ref('first'))
    await world.env.advance(60_000)
    expect([world.replicas(), world.told('second', 'AbleToScale')]).toEqual([15, 'True ScaleDownStabilized'])
  })

  test('a target that takes no more replicas is told, and asked again', async () => {
    const world = await createAutoscaledWorld()
    world.values['external/queue'] = 50
    world.limit.replicas = 3
    await world.autoscale('web')
    expect([world.replicas(), world.told('web', 'AbleToScale')]).toEqual([2, 'False FailedUpdateScale'])
    const { conditions, scaleEvents } = world.store.get(HorizontalAutoscaler, ref('web'))?.status ?? {}
    expect(findCondition(conditions, 'AbleToScale')?.message).toMatch(/spec.replicas.*at most 3/)
    expect(scaleEvents).toBeUndefined()
    const { revision } = world.store
    await world.env.advance(60_000)
    expect(world.store.revision).toBe(revision)
    world.limit.replicas = 100
    await world.env.advance(15_000)
    expect([world.replicas(), world.told('web', 'AbleToScale')]).toEqual([5, 'True SucceededRescale'])
  })

  test.each<[HorizontalAutoscalerSpec['scaleTargetRef'], RegExp]>([
    [{ kind: 'ReplicaSet', name: 'gone' }, /there is no ReplicaSet gone/],
    [{ kind: 'DaemonSet', name: 'web' }, /scales no DaemonSet, but ReplicaSet, Job/],
    [{ kind: 'ReplicaSet', name: 'web', apiVersion: 'apps/v2' }, /scales no ReplicaSet/],
    [{ kind: 'Job', name: 'sum' }, /has no spec.replicas/],
  ])('a target that cannot be scaled is told: %j', async (scaleTargetRef, message) => {
    const world = await createAutoscaledWorld()
    await world.store.create(Job, { metadata: ref('sum'), spec: { template: { spec: {} } } })
    await world.autoscale('web', { scaleTargetRef })
    expect(world.told('web', 'AbleToScale')).toBe('False FailedGetScale')
    const { conditions } = world.store.get(HorizontalAutoscaler, ref('web'))?.status ?? {}
    expect(findCondition(conditions, 'AbleToScale')?.message).toMatch(message)
  })

  test.each<[Partial<HorizontalAutoscalerSpec>, RegExp]>([
    [{ minReplicas: 21 }, /spec.minReplicas.*at most maxReplicas/],
    [{ minReplicas: -1 }, /minReplicas/],
    [{ maxReplicas: 0 }, /maxReplicas/],
    [{ maxReplicas: 100_001 }, /maxReplicas/],
    [{ metrics: [] }, /metrics/],
    [{ metrics: Array.from({ length: 65 }, () => queue) }, /metrics/],
    [{ minReplicas: 0, metrics: [busy] }, /minReplicas.*Object or External/],
    [{ metrics: [{ type: 'Pods', external: queue.external }] }, /spec.metrics\[0\].*must have pods/],
    [
      { metrics: [{ type: 'Pods', pods: { metric: { name: 'x' }, target: { type: 'Value', value: 1 } } }] },
      /spec.metrics\[0\].pods.target.type.*AverageValue/,
    ],
    [
      {
        metrics: [
          { type: 'External', external: { metric: { name: 'x' }, target: { type: 'Value', value: 'much' } } },
        ],
      },
      /spec.metrics\[0\].external.target.value.*quantity/,
    ],
    [
      {
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50, value: 1 } },
          },
        ],
      },
      /target.value.*no meaning/,
    ],
    [{ behavior: { scaleUp: { stabilizationWindowSeconds: 3_601 } } }, /stabilizationWindowSeconds/],
    [{ behavior: { scaleUp: { policies: [] } } }, /policies/],
    [{ behavior: { scaleDown: { tolerance: 2 } } }, /tolerance/],
  ])('%j is refused', async (spec, message) => {
    const world = await createAutoscaledWorld()
    await expect(world.autoscale('web', spec)).rejects.toThrow(message)
  })

  test.each<[Partial<AutoscalerControllerOptions>, RegExp]>([
    [{ syncMs: 0 }, /syncMs/],
    [{ readTimeoutMs: 1.5 }, /readTimeoutMs/],
    [{ maxSampleAgeMs: 0 }, /maxSampleAgeMs/],
  ])('an option out of bounds is refused: %j', (options, message) => {
    expect(() => createAutoscalerController({ metrics: fixedMetrics({}), ...options })).toThrow(message)
  })
})
