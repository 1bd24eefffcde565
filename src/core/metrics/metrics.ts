/** The kinds of instrument. */
export type MetricKind = 'counter' | 'gauge' | 'histogram'

/** Label values of one time series. */
export type MetricLabels = Readonly<Record<string, string>>

/** A value that only grows. */
export interface Counter {
  /** @param by ≥ 0; default 1 */
  add(by?: number, labels?: MetricLabels): void
}

/** A value that goes up and down. */
export interface Gauge {
  set(value: number, labels?: MetricLabels): void
}

/** A distribution of observed values. */
export interface Histogram {
  record(value: number, labels?: MetricLabels): void
}

/** How an instrument is described when it is made. */
export interface InstrumentOptions {
  readonly help?: string
  /** OpenMetrics unit, for example `seconds`. */
  readonly unit?: string
  /** Upper bounds of histogram buckets, ascending; `+Inf` is implied. */
  readonly buckets?: readonly number[]
}

/**
 * Where measurements go. Asking twice for one name gives the same instrument.
 * The default drops everything.
 */
export interface Metrics {
  counter(name: string, options?: InstrumentOptions): Counter
  gauge(name: string, options?: InstrumentOptions): Gauge
  histogram(name: string, options?: InstrumentOptions): Histogram
}
