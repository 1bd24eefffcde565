import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMemoryMetrics } from '../../../src/core/index.js'

const invalid = expect.objectContaining({ code: 'Invalid' })

describe('memory metrics', () => {
  test('counts like a plain map, whatever the order of labels', () => {
    const label = fc.constantFrom('', 'a', 'b', 'a;b=1:c', '"', '\n')
    const add = fc.record({ by: fc.nat(100), x: label, y: label, flip: fc.boolean() })
    fc.assert(
      fc.property(fc.array(add), adds => {
        const metrics = createMemoryMetrics()
        const oracle = new Map<string, number>()
        for (const { by, x, y, flip } of adds) {
          metrics.counter('c').add(by, flip ? { y, x } : { x, y })
          const key = JSON.stringify([x, y])
          oracle.set(key, (oracle.get(key) ?? 0) + by)
        }
        for (const [key, total] of oracle) {
          const [x, y] = JSON.parse(key) as [string, string]
          expect(metrics.value('c', { x, y })).toBe(total)
        }
        expect(metrics.snapshot()[0]?.series ?? []).toHaveLength(oracle.size)
      }),
    )
  })

  test('buckets hold how many values are at most their bound', () => {
    const values = fc.array(fc.integer({ min: -5, max: 30 }))
    const bounds = fc.uniqueArray(fc.integer({ min: 0, max: 25 })).map(list => list.sort((a, b) => a - b))
    fc.assert(
      fc.property(values, bounds, (recorded, buckets) => {
        const metrics = createMemoryMetrics()
        const histogram = metrics.histogram('h', { buckets })
        for (const value of recorded) histogram.record(value)
        const series = metrics.snapshot()[0]?.series[0]
        const expected = {
          labels: {},
          sum: recorded.reduce((a, b) => a + b, 0),
          count: recorded.length,
          buckets: [...buckets, Number.POSITIVE_INFINITY].map(le => ({
            le,
            count: recorded.filter(v => v <= le).length,
          })),
        }
        expect(series).toEqual(recorded.length === 0 ? undefined : expected)
      }),
    )
  })

  test('renders the OpenMetrics text', () => {
    const metrics = createMemoryMetrics()
    metrics
      .gauge('queue.depth', { help: 'Keys that "wait"\\\nnow' })
      .set(Number.NaN, { b: 'back\\slash', a: 'line\nfeed "q"' })
    metrics.gauge('queue.depth').set(Number.NEGATIVE_INFINITY)
    metrics.counter('runs_total').add(3)
    const run = metrics.histogram('run', {
      unit: 'seconds',
      help: 'Run time',
      buckets: [0.1, 1, 2.5, Number.POSITIVE_INFINITY],
    })
    for (const value of [0.05, 1, 2, 9]) run.record(value, { controller: 'web' })
    expect(metrics.toOpenMetrics()).toBe(
      [
        '# TYPE queue_depth gauge',
        '# HELP queue_depth Keys that \\"wait\\"\\\\\\nnow',
        'queue_depth -Inf',
        'queue_depth{a="line\\nfeed \\"q\\"",b="back\\\\slash"} NaN',
        '# TYPE run_seconds histogram',
        '# UNIT run_seconds seconds',
        '# HELP run_seconds Run time',
        'run_seconds_bucket{controller="web",le="0.1"} 1',
        'run_seconds_bucket{controller="web",le="1.0"} 2',
        'run_seconds_bucket{controller="web",le="2.5"} 3',
        'run_seconds_bucket{controller="web",le="+Inf"} 4',
        'run_seconds_sum{controller="web"} 12.05',
        'run_seconds_count{controller="web"} 4',
        '# TYPE runs counter',
        'runs_total 3',
        '# EOF',
        '',
      ].join('\n'),
    )
    expect(createMemoryMetrics().toOpenMetrics()).toBe('# EOF\n')
  })

  test('asking twice gives the same instrument; the first description stays', () => {
    const metrics = createMemoryMetrics()
    metrics.counter('c', { help: 'first' }).add()
    metrics.counter('c', { help: 'second' }).add()
    expect(metrics.snapshot()).toEqual([
      { name: 'c', kind: 'counter', help: 'first', series: [{ labels: {}, value: 2 }] },
    ])
    expect([metrics.value('none'), metrics.value('c', { a: 'b' })]).toEqual([undefined, undefined])
  })

  test('labels count by what they say when they are passed, whether the object is frozen, fresh or changed', () => {
    const metrics = createMemoryMetrics()
    const counter = metrics.counter('n')
    const frozen = Object.freeze({ name: 'a' })
    const mutable = { name: 'a' }
    for (let i = 0; i < 3; i++) {
      counter.add(1, frozen)
      counter.add(1, Object.freeze({ name: 'b' }))
      counter.add(1, mutable)
      mutable.name = i === 0 ? 'b' : 'c'
    }
    expect(['a', 'b', 'c'].map(name => metrics.value('n', { name }))).toEqual([4, 4, 1])
  })

  test('beyond seriesMax everything goes into the overflow series, and known series go on', () => {
    const metrics = createMemoryMetrics({ seriesMax: 2 })
    const counter = metrics.counter('c')
    for (const key of ['a', 'b', 'c', 'd', 'a']) counter.add(1, { key })
    expect(metrics.snapshot()[0]?.series).toEqual([
      { labels: { key: 'a' }, value: 2 },
      { labels: { key: 'b' }, value: 1 },
      { labels: { overflow: 'true' }, value: 2 },
    ])
    expect(metrics.value('c', { overflow: 'true' })).toBe(2)
    const unbounded = createMemoryMetrics().counter('c')
    for (let i = 0; i < 10_000; i++) unbounded.add(1, { i: String(i) })
  })

  test('keeps 10,000 series by default', () => {
    const metrics = createMemoryMetrics()
    const counter = metrics.counter('c')
    for (let i = 0; i < 10_003; i++) counter.add(1, { i: String(i) })
    expect(metrics.value('c', { overflow: 'true' })).toBe(3)
  })

  test('refuses names that are or would become the same', () => {
    const metrics = createMemoryMetrics()
    metrics.counter('a.b')
    expect(() => metrics.gauge('a.b')).toThrow(invalid)
    expect(() => metrics.counter('a_b')).toThrow(invalid)
    expect(() => metrics.gauge('a_b_total')).toThrow(invalid)
    expect(() => metrics.gauge('1a')).toThrow(invalid)
    expect(() => metrics.gauge('ok', { unit: 'a b' })).toThrow(invalid)
    expect(metrics.snapshot().map(metric => metric.name)).toEqual(['a.b'])
  })

  test('refuses bad values, labels and buckets, changing nothing', () => {
    const metrics = createMemoryMetrics()
    const counter = metrics.counter('c')
    const histogram = metrics.histogram('h')
    expect(() => counter.add(-1)).toThrow(invalid)
    expect(() => counter.add(Number.NaN)).toThrow(invalid)
    expect(() => counter.add(1, { 'a-b': 'x' })).toThrow(invalid)
    expect(() => counter.add(1, { a: 1 as unknown as string })).toThrow(invalid)
    expect(() => histogram.record(Number.NaN)).toThrow(invalid)
    expect(() => histogram.record(1, { le: '1' })).toThrow(invalid)
    expect(() => metrics.histogram('g', { buckets: [1, 1] })).toThrow(invalid)
    expect(() => metrics.histogram('g', { buckets: [Number.NaN] })).toThrow(invalid)
    expect(() => createMemoryMetrics({ seriesMax: 0 })).toThrow(invalid)
    expect(metrics.snapshot().flatMap(metric => metric.series)).toEqual([])
  })
})
