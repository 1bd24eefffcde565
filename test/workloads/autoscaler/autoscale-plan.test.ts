import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  HorizontalAutoscaler,
  HorizontalAutoscalerSpec,
  HorizontalAutoscalerStatus,
  MetricSpec,
  Task,
} from '../../../src/api/index.js'
import { findCondition } from '../../../src/api/index.js'
import type { AutoscalePlan, MetricReading } from '../../../src/workloads/autoscaler/index.js'
import { defaultAutoscaleLimits, planAutoscale } from '../../../src/workloads/autoscaler/index.js'
import { task } from '../fixtures/objects.js'

const NOW_MS = 10_000_000
const cpu: MetricSpec = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
}
const requests: MetricSpec = {
  type: 'Pods',
  pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: 100 } },
}
const queue: MetricSpec = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: 10 } },
}
const latency: MetricSpec = {
  type: 'Object',
  object: {
    describedObject: { kind: 'Service', name: 'web' },
    metric: { name: 'latency' },
    target: { type: 'Value', value: '250m' },
  },
}

const autoscaler = (
  spec: Partial<HorizontalAutoscalerSpec>,
  status?: HorizontalAutoscalerStatus,
): HorizontalAutoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalAutoscaler',
  metadata: task({ name: 'web' }).metadata,
  spec: {
    scaleTargetRef: { kind: 'Deployment', name: 'web' },
    maxReplicas: 1_000,
    metrics: [requests],
    ...spec,
  },
  ...(status === undefined ? {} : { status }),
})

/** Tasks that have been ready for long. */
const ready = (count: number): Task[] =>
  Array.from({ length: count }, (_, at) => {
    const one = task({ name: `t${at}`, phase: 'Running', readySinceMs: 0, startedMs: 0 })
    return { ...one, spec: { resources: { requests: { cpu: '500m' } } } }
  })

const each = (tasks: readonly Task[], value: number, timeMs = NOW_MS): MetricReading => ({
  samples: tasks.map(({ metadata }) => ({ value, timeMs, task: metadata.uid })),
})
const one = (value: number): MetricReading => ({ samples: [{ value, timeMs: NOW_MS }] })
const failing: MetricReading = { error: 'connection refused' }

function plan(
  spec: Partial<HorizontalAutoscalerSpec>,
  view: {
    readonly replicas: number
    readonly tasks?: readonly Task[]
    readonly readings: readonly MetricReading[]
  },
  status?: HorizontalAutoscalerStatus,
  nowMs = NOW_MS,
): AutoscalePlan {
  const { replicas, tasks = ready(replicas), readings } = view
  return planAutoscale(autoscaler(spec, status), { replicas, tasks, readings }, defaultAutoscaleLimits, nowMs)
}

const told = ({ status }: AutoscalePlan, type: string): string => {
  const condition = findCondition(status.conditions, type)
  return `${condition?.status} ${condition?.reason}`
}

describe('an autoscaler', () => {
  test('goes by the ratio of what is used to what is requested', () => {
    const tasks = ready(4)
    // 0.5 cores requested, 50 % wanted: 0.25. Used 0.4: 4 × 1.6 = 6.4.
    expect(plan({ metrics: [cpu] }, { replicas: 4, readings: [each(tasks, 0.4)] }).replicas).toBe(7)
  })

  test('a rollout with more tasks for a while asks for nothing (kubernetes#72775)', () => {
    const tasks = ready(125)
    expect(plan({}, { replicas: 100, tasks, readings: [each(tasks, 100)] }).replicas).toBe(100)
  })

  test('replicas that are wanted and not there yet make nothing smaller', () => {
    const tasks = ready(60)
    const planned = plan({}, { replicas: 100, tasks, readings: [each(tasks, 140)] })
    expect(planned.replicas).toBe(100)
    expect(planned.status.currentMetrics?.[0]?.message).toMatch(/might turn round/)
  })

  test('with one metric missing it does not go down, and says why (kubernetes#99394)', () => {
    const tasks = ready(3)
    const planned = plan({ metrics: [cpu, queue] }, { replicas: 3, readings: [each(tasks, 0.01), failing] })
    expect([planned.replicas, told(planned, 'ScalingActive')]).toEqual([3, 'False FailedGetExternalMetric'])
    expect(findCondition(planned.status.conditions, 'ScalingActive')?.message).toMatch(
      /queue.*connection refused/,
    )
  })

  test('and goes up by the one that is known', () => {
    const planned = plan({ metrics: [requests, queue] }, { replicas: 3, readings: [failing, one(60)] })
    expect([planned.replicas, told(planned, 'ScalingActive')]).toEqual([6, 'True ValidMetricFound'])
    expect(findCondition(planned.status.conditions, 'ScalingActive')?.message).toMatch(/requests.*refused/)
  })

  test('of several metrics the one that asks for most counts', () => {
    const metrics = [queue, requests]
    const planned = plan({ metrics }, { replicas: 4, readings: [one(55), each(ready(4), 60)] })
    expect([planned.replicas, planned.status.currentMetrics?.map(({ proposed }) => proposed)]).toEqual([
      6,
      [6, 3],
    ])
  })

  test.each<[string, MetricReading]>([
    ['not a number', each(ready(3), Number.NaN)],
    ['infinite', each(ready(3), Number.POSITIVE_INFINITY)],
    ['negative', each(ready(3), -1)],
    ['too old', each(ready(3), 500, NOW_MS - 120_001)],
    ['of the future', each(ready(3), 500, NOW_MS + 60_001)],
    ['of no task that is there', { samples: [{ value: 500, timeMs: NOW_MS, task: 'stranger' }] }],
    ['none', { samples: [] }],
  ])('a sample that is %s is no sample', (_, reading) => {
    const planned = plan({}, { replicas: 3, readings: [reading] })
    expect([planned.replicas, told(planned, 'ScalingActive')]).toEqual([3, 'False FailedGetPodsMetric'])
  })

  test('a utilization of tasks that request nothing is told', () => {
    const tasks = ready(2).map(known => ({ ...known, spec: {} }))
    const planned = plan({ metrics: [cpu] }, { replicas: 2, tasks, readings: [each(tasks, 1)] })
    expect(findCondition(planned.status.conditions, 'ScalingActive')?.message).toMatch(/requests no cpu/)
  })

  test('what a task uses while it starts is no load', () => {
    const young = { name: 'young', phase: 'Running', startedMs: NOW_MS - 60_000 } as const
    const fresh = { ...task(young), spec: { resources: { requests: { cpu: '500m' } } } }
    const tasks = [...ready(3), fresh]
    const samples = [...(each(ready(3), 0.25).samples ?? []), ...(each([fresh], 5).samples ?? [])]
    expect(plan({ metrics: [cpu] }, { replicas: 4, tasks, readings: [{ samples }] }).replicas).toBe(4)
  })

  test('a value of all of them, such as a latency, is a ratio; 1.1 is within the tolerance of 0.1', () => {
    const by = (value: number): number =>
      plan({ metrics: [latency] }, { replicas: 4, readings: [one(value)] }).replicas
    expect([by(0.25), by(0.275), by(0.276), by(0.5)]).toEqual([4, 4, 5, 8])
  })

  test('a tolerance of its own for each direction', () => {
    const behavior = {
      scaleUp: { tolerance: 0 },
      scaleDown: { tolerance: 0.5, stabilizationWindowSeconds: 0 },
    }
    const by = (value: number): number =>
      plan({ behavior }, { replicas: 10, readings: [each(ready(10), value)] }).replicas
    expect([by(101), by(51), by(49)]).toEqual([11, 10, 5])
  })

  test('is off while the target has no replicas, unless it may go to zero itself', () => {
    const off = plan({ metrics: [queue] }, { replicas: 0, readings: [one(50)] })
    expect([off.replicas, told(off, 'ScalingActive')]).toEqual([0, 'False ScalingDisabled'])
    const spec = { metrics: [queue], minReplicas: 0 }
    expect(plan(spec, { replicas: 0, readings: [one(25)] }).replicas).toBe(3)
    expect(plan(spec, { replicas: 0, readings: [one(0)] }).replicas).toBe(0)
    const idle = { ...spec, behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } }
    expect(plan(idle, { replicas: 3, readings: [one(0)] }).replicas).toBe(0)
    const slow = {
      ...spec,
      behavior: { scaleUp: { policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }] } },
    } as const
    expect(plan(slow, { replicas: 0, readings: [one(25)] }).replicas).toBe(1)
  })

  test.each<[number, number, string]>([
    [200, 100, 'True TooManyReplicas'],
    [1, 2, 'True TooFewReplicas'],
  ])('a target with %i replicas comes within its bounds at once', (replicas, to, limited) => {
    const planned = plan({ minReplicas: 2, maxReplicas: 100 }, { replicas, readings: [failing] })
    expect([planned.replicas, told(planned, 'ScalingLimited')]).toEqual([to, limited])
  })

  test('tells each step from what the metrics ask for to what is done', () => {
    const planned = plan({ maxReplicas: 5 }, { replicas: 4, readings: [each(ready(4), 1_000)] })
    expect(planned.steps).toEqual([
      { kind: 'metrics', from: 4, to: 40, reason: 'ValidMetricFound' },
      { kind: 'limited', from: 40, to: 8, reason: 'ScaleUpLimit' },
      { kind: 'bounds', from: 8, to: 5, reason: 'TooManyReplicas' },
    ])
  })

  test('does not go down for five minutes after more was asked for, over any restart', () => {
    let status: HorizontalAutoscalerStatus | undefined
    let replicas = 10
    const changes: string[] = []
    for (let seconds = 0; seconds <= 400; seconds += 15) {
      const load = seconds < 60 ? 100 : 30
      const nowMs = NOW_MS + seconds * 1000
      const readings = [each(ready(replicas), (load * 10) / replicas, nowMs)]
      const planned = plan({}, { replicas, readings }, status, nowMs)
      // What is kept is plain data.
      status = JSON.parse(JSON.stringify(planned.status))
      if (planned.replicas !== replicas) changes.push(`${seconds} ${planned.replicas}`)
      replicas = planned.replicas
    }
    expect(changes).toEqual(['345 3'])
  })

  test('one that is new does not go down before its window has passed: what was there counts as said', () => {
    const load = (nowMs: number): MetricReading => each(ready(50), 2, nowMs)
    const first = plan({}, { replicas: 50, readings: [load(NOW_MS)] })
    expect([first.replicas, told(first, 'AbleToScale')]).toEqual([50, 'True ScaleDownStabilized'])
    const later = NOW_MS + 299_999
    const before = plan({}, { replicas: 50, readings: [load(later)] }, first.status, later)
    const after = plan({}, { replicas: 50, readings: [load(later + 1)] }, first.status, later + 1)
    expect([before.replicas, after.replicas]).toEqual([50, 1])
  })

  test('a task that runs and has no sample counts as full when less is asked for, ready or not', () => {
    const young = ready(4).map((_, at) =>
      task({ name: `young${at}`, phase: 'Running', startedMs: NOW_MS - 60_000 }),
    )
    const tasks = [...ready(6), ...young.map(known => ({ ...known, spec: ready(1)[0]?.spec ?? {} }))]
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } }
    // Six of ten use 0.1 of 0.25; the rest is taken for the 0.5 that it requests: (0.6 + 2) ÷ 2.5 is within the tolerance.
    const view = { replicas: 10, tasks, readings: [each(ready(6), 0.1)] }
    expect(plan({ metrics: [cpu], behavior }, view).replicas).toBe(10)
  })

  test('what was added counts for a period still when the clock was put back', () => {
    const policies = [{ type: 'Pods', value: 4, periodSeconds: 60 }] as const
    const behavior = { scaleUp: { policies } }
    const first = plan({ behavior }, { replicas: 4, readings: [each(ready(4), 1_000)] })
    const earlier = NOW_MS - 3_600_000
    const again = plan(
      { behavior },
      { replicas: 8, readings: [each(ready(8), 1_000, earlier)] },
      first.status,
      earlier,
    )
    expect([first.replicas, again.replicas]).toEqual([8, 8])
    const later = earlier + 60_000
    const then = plan(
      { behavior },
      { replicas: 8, readings: [each(ready(8), 1_000, later)] },
      again.status,
      later,
    )
    expect(then.replicas).toBe(12)
  })

  test('a clock that was put back a year holds nothing back for a year', () => {
    const first = plan({}, { replicas: 10, readings: [each(ready(10), 100)] }).status
    const yearMs = 366 * 86_400_000
    const shift = (time: string): string => new Date(Date.parse(time) + yearMs).toISOString()
    const status: HorizontalAutoscalerStatus = {
      ...first,
      recommendation: { replicas: 10, time: shift(first.recommendation?.time ?? '') },
      recommendations: [{ replicas: 20, time: shift(first.recommendation?.time ?? '') }],
      scaleEvents: [{ change: 5, time: shift(first.recommendation?.time ?? '') }],
    }
    const low = { replicas: 10, readings: [each(ready(10), 20)] }
    const next = plan({}, low, status)
    expect([next.replicas, next.status.scaleEvents?.length]).toEqual([10, 1])
    const later = NOW_MS + 301_000
    const then = plan({}, { ...low, readings: [each(ready(10), 20, later)] }, next.status, later)
    expect([then.replicas, then.status.scaleEvents?.map(({ change }) => change)]).toEqual([2, [-8]])
  })

  test('is the same whatever the order of tasks and samples, within the bounds, and quiet when it has settled', () => {
    const values = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 12 }), (loads, max) => {
        const tasks = ready(loads.length)
        const samples = tasks.map(({ metadata }, at) => ({
          value: loads[at] ?? 0,
          timeMs: NOW_MS,
          task: metadata.uid,
        }))
        const view = { replicas: loads.length, tasks, readings: [{ samples }] }
        const planned = plan({ maxReplicas: max }, view)
        const turned = { ...view, tasks: tasks.toReversed(), readings: [{ samples: samples.toReversed() }] }
        expect(plan({ maxReplicas: max }, turned)).toEqual(planned)
        expect(planned.replicas).toBeLessThanOrEqual(Math.max(max, 1))
        expect(planned.replicas).toBeGreaterThanOrEqual(1)
        const again = plan({ maxReplicas: max }, view, planned.status)
        if (planned.replicas === loads.length) expect(again.status).toEqual(planned.status)
      }),
      { numRuns: 100, seed: 1 },
    )
  })
})
