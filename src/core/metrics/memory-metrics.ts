import { assertValid, InvalidError } from '../errors.js'
import { assertKnown, knownOptions } from '../known-options.js'
import { wholeNumber } from '../whole-number.js'
import { familyName, sampleNames } from './metric-names.js'
import { MetricSeriesTable } from './metric-series.js'
import type { InstrumentOptions, MetricKind, MetricLabels, Metrics } from './metrics.js'
import type { MetricSnapshot } from './openmetrics.js'
import { renderOpenMetrics } from './openmetrics.js'

/** Bounds of {@link createMemoryMetrics}. */
export interface MemoryMetricsOptions {
  /**
   * Most label combinations per instrument, default 10,000. Further ones are all counted into one series
   * with the label `overflow="true"`.
   */
  readonly seriesMax?: number
}

/** Metrics that are kept in memory, to be read by tests or scraped. */
export interface MemoryMetrics extends Metrics {
  /** Everything measured so far, sorted by name and labels. */
  snapshot(): readonly MetricSnapshot[]
  /** The value of one series; of a histogram, how many values it took. Undefined when there is none. */
  value(name: string, labels?: MetricLabels): number | undefined
  /** The OpenMetrics 1.0 text exposition. Serve it as `application/openmetrics-text; version=1.0.0`. */
  toOpenMetrics(): string
}

interface Instrument {
  readonly name: string
  readonly kind: MetricKind
  readonly options: InstrumentOptions
  readonly table: MetricSeriesTable
}

/** Bucket bounds when a histogram names none; they suit durations in seconds from 5 ms to 10 s. */
const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const MEMORY_METRICS_OPTIONS = /* @__PURE__ */ knownOptions<MemoryMetricsOptions>('createMemoryMetrics', {
  seriesMax: true,
})

/**
 * Makes in-memory metrics. The first request for a name fixes its kind, unit, help and buckets.
 *
 * Errors: `InvalidError` for a name used with two kinds, for two names that would be one in the exposition
 * (dots and dashes become underscores there), for bad buckets and labels, and for a counter that would fall.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createMemoryMetrics } from 'keelson/core'
 *
 * const metrics = createMemoryMetrics()
 * metrics.counter('keelson.reconcile.runs').add(1, { controller: 'web' })
 * assert.equal(metrics.value('keelson.reconcile.runs', { controller: 'web' }), 1)
 * assert.match(metrics.toOpenMetrics(), /keelson_reconcile_runs_total\{controller="web"\} 1/)
 * ```
 */
export function createMemoryMetrics(options: MemoryMetricsOptions = {}): MemoryMetrics {
  assertKnown(options, MEMORY_METRICS_OPTIONS)
  const { seriesMax = 10_000 } = options
  assertValid('metrics', wholeNumber('seriesMax', seriesMax, { min: 1 }))
  const instruments = new Map<string, Instrument>()
  const takenSamples = new Map<string, string>()

  const open = (name: string, kind: MetricKind, described: InstrumentOptions = {}): MetricSeriesTable => {
    const known = instruments.get(name)
    if (known !== undefined) {
      if (known.kind !== kind)
        throw invalid(name, `is a ${known.kind} already; use another name for a ${kind}`)
      return known.table
    }
    const samples = sampleNames(familyName(name, kind, described.unit), kind)
    for (const sample of samples) {
      const owner = takenSamples.get(sample)
      if (owner !== undefined) throw invalid(name, `would be exposed as ${sample}, like ${owner}; rename one`)
    }
    const bounds = kind === 'histogram' ? checkedBuckets(name, described.buckets ?? defaultBuckets) : []
    const table = new MetricSeriesTable({ name, kind, bounds, seriesMax })
    instruments.set(name, { name, kind, options: described, table })
    for (const sample of samples) takenSamples.set(sample, name)
    return table
  }

  const snapshot = (): readonly MetricSnapshot[] =>
    [...instruments.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, kind, options: { help, unit }, table }) => ({
        name,
        kind,
        ...(help === undefined ? {} : { help }),
        ...(unit === undefined ? {} : { unit }),
        series: table.snapshot(),
      }))

  return {
    counter: (name, described) => open(name, 'counter', described),
    gauge: (name, described) => open(name, 'gauge', described),
    histogram: (name, described) => open(name, 'histogram', described),
    snapshot,
    value: (name, labels) => instruments.get(name)?.table.value(labels),
    toOpenMetrics: () => renderOpenMetrics(snapshot()),
  }
}

function checkedBuckets(name: string, buckets: readonly number[]): readonly number[] {
  const bounds = buckets.at(-1) === Number.POSITIVE_INFINITY ? buckets.slice(0, -1) : [...buckets]
  const ascending = bounds.every(
    (bound, i) => Number.isFinite(bound) && (i === 0 || bound > (bounds[i - 1] as number)),
  )
  if (ascending) return bounds
  throw new InvalidError(`metric ${name}`, [
    { field: 'buckets', value: buckets, message: 'must be finite and strictly ascending' },
  ])
}

function invalid(name: string, message: string): InvalidError {
  return new InvalidError('metric', [{ field: 'name', value: name, message }])
}
