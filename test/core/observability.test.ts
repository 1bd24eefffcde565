import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Meter } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import pino from 'pino'
import { Registry } from 'prom-client'
import { afterAll, describe, expect, test } from 'vitest'
import type { Logger, Metrics } from '../../src/core/index.js'
import { createEnv, createMemoryMetrics } from '../../src/core/index.js'
import { asModule, markdownBlocks, moduleName } from '../docs/code-blocks.js'

const root = resolve(import.meta.dirname, '../..')
const page = 'docs/observability.md'
const blocks = markdownBlocks(page, readFileSync(join(root, page), 'utf8'))

mkdirSync(join(root, 'temp'), { recursive: true })
const directory = mkdtempSync(join(root, 'temp/observability-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** The exports of the documented program that mentions `name`, so that page and test cannot drift apart. */
async function documented<T>(name: string): Promise<T> {
  const block = blocks.find(each => each.code.includes(name))
  if (block === undefined) throw new Error(`${page} has no block with ${name}`)
  const file = join(directory, moduleName(block))
  writeFileSync(file, asModule(block))
  return (await import(pathToFileURL(file).href)) as T
}

/** The same measurements for every adapter. */
function measure(metrics: Metrics): void {
  const runs = metrics.counter('keelson.runs', { help: 'Runs' })
  runs.add(1, { controller: 'web' })
  metrics.counter('keelson.runs').add(2, { controller: 'web' })
  runs.add(5, { controller: 'db' })
  metrics.gauge('keelson.depth').set(7)
  metrics.gauge('keelson.depth').set(3)
  const duration = metrics.histogram('keelson.run', { unit: 'seconds', buckets: [0.1, 1] })
  for (const value of [0.05, 0.5, 5]) duration.record(value)
}

/** The samples that must come out, in the text format that prom-client and keelson share. */
const samples = [
  'keelson_run_seconds_bucket{le="+Inf"} 3',
  'keelson_run_seconds_count 3',
  'keelson_run_seconds_sum 5.55',
  'keelson_depth 3',
]

describe('pino', () => {
  test('a real pino instance is a logger, children and both call shapes included', async () => {
    await documented('pino(sink)')
    const lines: Record<string, unknown>[] = []
    const logger: Logger = pino(
      { level: 'debug' },
      { write: (line: string) => void lines.push(JSON.parse(line)) },
    )
    const env = createEnv({ logger })
    env.logger.debug('plain')
    env.fork('worker').logger.child({ key: 'k' }).info({ n: 1 }, 'fields')
    env.tasks.defer(
      () => {
        throw new Error('broken step')
      },
      { kind: 'call', label: 'a call' },
    )
    await env.clock.sleep(1)
    expect(lines).toMatchObject([
      { level: 20, msg: 'plain' },
      { level: 30, msg: 'fields', key: 'k', n: 1 },
      { level: 50, msg: 'a deferred step threw', label: 'a call', err: { message: 'broken step' } },
    ])
  })
})

describe('prom-client', () => {
  test('the documented adapter writes every instrument into a real registry', async () => {
    const { promMetrics } = await documented<{ promMetrics(registry: Registry): Metrics }>('promMetrics')
    const registry = new Registry()
    measure(promMetrics(registry))
    const lines = (await registry.metrics()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        ...samples,
        'keelson_runs{controller="web"} 3',
        'keelson_runs{controller="db"} 5',
      ]),
    )
    expect(lines).toContain('keelson_run_seconds_bucket{le="1"} 2')
  })
})

describe('OpenTelemetry', () => {
  test('the documented adapter records every instrument with a real SDK', async () => {
    const { otelMetrics } = await documented<{ otelMetrics(meter: Meter): Metrics }>('otelMetrics')
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
    measure(otelMetrics(provider.getMeter('test')))
    await provider.forceFlush()
    const found = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics.map(({ descriptor, dataPoints }) => ({
      name: descriptor.name,
      unit: descriptor.unit,
      points: dataPoints.map(({ attributes, value }) => ({ attributes, value })),
    }))
    await provider.shutdown()
    expect(found).toMatchObject([
      {
        name: 'keelson.runs',
        points: [
          { attributes: { controller: 'web' }, value: 3 },
          { attributes: { controller: 'db' }, value: 5 },
        ],
      },
      { name: 'keelson.depth', points: [{ attributes: {}, value: 3 }] },
      {
        name: 'keelson.run',
        unit: 'seconds',
        points: [{ value: { count: 3, sum: 5.55, buckets: { boundaries: [0.1, 1], counts: [1, 1, 1] } } }],
      },
    ])
  })
})

describe('memory metrics', () => {
  test('give the same samples as prom-client does', async () => {
    await documented('createMemoryMetrics')
    const metrics = createMemoryMetrics()
    measure(metrics)
    const lines = metrics.toOpenMetrics().split('\n')
    expect(lines).toEqual(expect.arrayContaining([...samples, 'keelson_runs_total{controller="web"} 3']))
    expect(lines).toContain('keelson_run_seconds_bucket{le="1.0"} 2')
  })
})
