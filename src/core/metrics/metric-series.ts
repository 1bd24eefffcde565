import type { FieldProblem } from '../errors.js'
import { InvalidError } from '../errors.js'
import { compareText } from '../text/compare-text.js'
import type { Counter, Gauge, Histogram, MetricKind, MetricLabels } from './metrics.js'
import type { SeriesSnapshot } from './openmetrics.js'

const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const overflowLabels: MetricLabels = { overflow: 'true' }

/** What the series of one instrument share. */
export interface MetricSeriesOptions {
  readonly name: string
  readonly kind: MetricKind
  /** Finite upper bounds of the buckets, ascending; empty unless a histogram. */
  readonly bounds: readonly number[]
  readonly seriesMax: number
}

interface Series {
  readonly labels: MetricLabels
  /** The counter's or gauge's value; the sum of a histogram. */
  value: number
  count: number
  /** Values per bucket, not yet cumulative; the last is for values above all bounds. */
  readonly buckets: number[]
}

/** An instrument: its series by their labels. At most `seriesMax`; the rest shares an overflow series. */
export class MetricSeriesTable implements Counter, Gauge, Histogram {
  readonly #options: MetricSeriesOptions
  readonly #series = new Map<string, Series>()
  readonly #byLabels = new WeakMap<MetricLabels, Series>()
  #latestLabels: MetricLabels | undefined
  #latest: Series | undefined
  #latestBucket = 0
  #overflow: Series | undefined

  constructor(options: MetricSeriesOptions) {
    this.#options = options
  }

  add(by = 1, labels?: MetricLabels): void {
    if (!(by >= 0))
      throw this.#invalid('by', by, 'must be ≥ 0, because a counter only grows; use a gauge otherwise')
    this.#seriesFor(labels).value += by
  }

  set(value: number, labels?: MetricLabels): void {
    this.#seriesFor(labels).value = value
  }

  record(value: number, labels?: MetricLabels): void {
    const { bounds } = this.#options
    // Values come like the one before.
    let bucket = this.#latestBucket
    while (bucket > 0 && value <= (bounds[bucket - 1] as number)) bucket--
    // What is no number is in none of them.
    while (bucket < bounds.length && !(value <= (bounds[bucket] as number))) bucket++
    this.#latestBucket = bucket
    if (bucket === bounds.length && Number.isNaN(value))
      throw this.#invalid('value', value, 'must be a number')
    const series = this.#seriesFor(labels)
    const { buckets } = series
    buckets[bucket] = (buckets[bucket] as number) + 1
    series.count++
    series.value += value
  }

  value(labels?: MetricLabels): number | undefined {
    const key = keyOf(labels)
    const series = this.#series.get(key) ?? (key === keyOf(overflowLabels) ? this.#overflow : undefined)
    return this.#options.kind === 'histogram' ? series?.count : series?.value
  }

  snapshot(): readonly SeriesSnapshot[] {
    const sorted = [...this.#series].sort(([a], [b]) => compareText(a, b)).map(([, series]) => series)
    if (this.#overflow !== undefined) sorted.push(this.#overflow)
    return sorted.map(series => this.#snapshotOf(series))
  }

  #snapshotOf(series: Series): SeriesSnapshot {
    const { labels, value } = series
    if (this.#options.kind !== 'histogram') return { labels, value }
    const buckets = [...this.#options.bounds, Number.POSITIVE_INFINITY]
    let count = 0
    return {
      labels,
      sum: value,
      count: series.count,
      buckets: buckets.map((le, i) => {
        count += series.buckets[i] ?? 0
        return { le, count }
      }),
    }
  }

  #seriesFor(labels: MetricLabels | undefined): Series {
    const latest = this.#latest
    return latest !== undefined && labels === this.#latestLabels ? latest : this.#findSeries(labels)
  }

  #findSeries(labels: MetricLabels = {}): Series {
    const series = this.#byLabels.get(labels) ?? this.#seriesOf(labels)
    // Whoever measures often passes one frozen object each time; one that may change says nothing by being the same.
    if (Object.isFrozen(labels)) {
      this.#byLabels.set(labels, series)
      this.#latestLabels = labels
      this.#latest = series
    }
    return series
  }

  #seriesOf(labels: MetricLabels): Series {
    const key = keyOf(labels)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    this.#checkLabels(labels)
    if (this.#series.size >= this.#options.seriesMax || key === keyOf(overflowLabels)) {
      this.#overflow ??= this.#create(overflowLabels)
      return this.#overflow
    }
    const series = this.#create({ ...labels })
    this.#series.set(key, series)
    return series
  }

  #create(labels: MetricLabels): Series {
    return { labels, value: 0, count: 0, buckets: this.#options.bounds.concat(0).fill(0) }
  }

  #checkLabels(labels: MetricLabels): void {
    for (const [name, value] of Object.entries(labels)) {
      const field = `labels.${name}`
      if (!LABEL_NAME.test(name)) throw this.#invalid(field, name, 'must be a name of letters, digits and _')
      if (name === 'le' && this.#options.kind === 'histogram')
        throw this.#invalid(field, value, 'is taken by the buckets')
      if (typeof value !== 'string') throw this.#invalid(field, value, 'must be a string')
    }
  }

  #invalid(field: string, value: unknown, message: string): InvalidError {
    const problem: FieldProblem = { field, value, message }
    return new InvalidError(`metric ${this.#options.name}`, [problem])
  }
}

/** Equal labels give equal keys in any order; lengths keep two texts from running into one. */
function keyOf(labels: MetricLabels = {}): string {
  const names = Object.keys(labels)
  if (names.length > 1) names.sort()
  let key = ''
  for (const name of names) key += `${name}=${labels[name]?.length}:${labels[name]};`
  return key
}
