import { describe, expect, test } from 'vitest'
import type { MetricSpec } from '../../../src/api/index.js'
import {
  fixedMetrics,
  parsePrometheusText,
  scrapedMetrics,
  stepResponse,
} from '../../../src/workloads/autoscaler/index.js'
import { task } from '../fixtures/objects.js'

describe("Prometheus' text format", () => {
  test('is read with labels, escapes, times, words for numbers and comments', () => {
    const text = [
      '# HELP requests_total All of them.',
      '# TYPE requests_total counter',
      'requests_total{method="GET",path="/a \\"b\\"\\n\\\\"} 3 1700000000000',
      'queue_length 1.5e3',
      'temperature -2',
      'odd{} NaN',
      'most +Inf',
      'seconds_bucket{le="+Inf",} 4 # {trace="x"} 0.5',
      '',
    ].join('\r\n')
    expect(parsePrometheusText(text)).toEqual([
      {
        name: 'requests_total',
        labels: { method: 'GET', path: '/a "b"\n\\' },
        value: 3,
        timeMs: 1_700_000_000_000,
      },
      { name: 'queue_length', labels: {}, value: 1_500 },
      { name: 'temperature', labels: {}, value: -2 },
      { name: 'odd', labels: {}, value: Number.NaN },
      { name: 'most', labels: {}, value: Number.POSITIVE_INFINITY },
      { name: 'seconds_bucket', labels: { le: '+Inf' }, value: 4 },
    ])
  })

  test.each(['<html>', 'a{b=1} 2', 'a{b="c" 2', 'a b', 'a constructor', '1a 2', 'a 1 2 3', 'a{b="c"'])(
    '%s is refused',
    line => {
      expect(() => parsePrometheusText(`ok 1\n${line}`)).toThrow(/line 2/)
    },
  )
})

describe('sources of metrics', () => {
  const pods = (selector = {}): MetricSpec => ({
    type: 'Pods',
    pods: { metric: { name: 'busy', selector }, target: { type: 'AverageValue', averageValue: 1 } },
  })
  const tasks = [task({ name: 'a' }), task({ name: 'b' }), task({ name: 'c' })]
  const { signal } = new AbortController()

  test('scraped: what matches is summed up, what cannot be scraped has no sample', async () => {
    const texts: Readonly<Record<string, string>> = {
      a: 'busy{kind="x"} 2\nbusy{kind="y"} 3\nidle 9',
      b: 'idle 1',
    }
    const source = scrapedMetrics({
      clock: { now: () => 7 },
      scrape: async ({ metadata }) => {
        const text = texts[metadata.name]
        if (text === undefined) throw new Error('connection refused')
        return text
      },
    })
    const read = (metric: MetricSpec) => source.read({ namespace: 'default', metric, tasks }, signal)
    expect(await read(pods())).toEqual([{ value: 5, timeMs: 7, task: 'uid-a' }])
    expect(await read(pods({ matchLabels: { kind: 'y' } }))).toEqual([{ value: 3, timeMs: 7, task: 'uid-a' }])
    await expect(read({ type: 'Resource' })).rejects.toThrow(/Resource/)
  })

  test('fixed: by the names of the status', async () => {
    const source = fixedMetrics(
      { 'pods/busy': one => (one?.metadata.name === 'b' ? undefined : 4) },
      { now: () => 7 },
    )
    expect(await source.read({ namespace: 'default', metric: pods(), tasks }, signal)).toEqual([
      { value: 4, timeMs: 7, task: 'uid-a' },
      { value: 4, timeMs: 7, task: 'uid-c' },
    ])
    await expect(
      source.read({ namespace: 'default', metric: { type: 'Resource' }, tasks }, signal),
    ).rejects.toThrow(/no value/)
  })
})

describe('the response to a step', () => {
  const step = (timeMs: number): number => (timeMs < 60_000 ? 100 : 1_000)
  const base = { maxReplicas: 50, target: 100, durationMs: 3_600_000 }

  test('reaches what is needed, without overshoot and without turning round', () => {
    const { points, overshoot, flaps, settleMs } = stepResponse({ ...base, load: step })
    expect([points.at(-1)?.replicas, overshoot, flaps]).toEqual([10, 0, 0])
    expect(settleMs).toBeLessThan(180_000)
  })

  test('goes up and down each time without a window, and stays up with one', () => {
    const load = (timeMs: number): number => (Math.floor(timeMs / 120_000) % 2 === 0 ? 200 : 1_000)
    const flapping = stepResponse({
      ...base,
      load,
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    })
    const steady = stepResponse({ ...base, load })
    expect(flapping.flaps).toBeGreaterThan(20)
    expect([steady.flaps, steady.overshoot]).toEqual([0, 0])
    expect(steady.wastedHours).toBeGreaterThan(flapping.wastedHours)
  })

  test('tasks that start slowly make no more of them than are needed', () => {
    const { overshoot, shortMs } = stepResponse({ ...base, load: step, startupMs: 240_000 })
    expect(overshoot).toBe(0)
    expect(shortMs).toBeGreaterThanOrEqual(240_000)
  })

  test.each([{ target: 0 }, { durationMs: 0 }, { maxReplicas: 1.5 }, { syncMs: 1 }, { replicas: 0 }])(
    'refuses %j',
    options => {
      expect(() => stepResponse({ ...base, load: step, ...options })).toThrow(Object.keys(options)[0])
    },
  )
})
