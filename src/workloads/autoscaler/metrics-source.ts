import type { MetricSpec, Task } from '../../api/index.js'

/** One value of a metric. */
export interface MetricSample {
  /** In the unit of the target: cores, bytes, requests. */
  readonly value: number
  /** When it was measured. Epoch ms. */
  readonly timeMs: number
  /** The uid of the task that it is of, for metrics of tasks. */
  readonly task?: string
}

/** What is asked of a source. */
export interface MetricQuery {
  readonly namespace: string
  readonly metric: MetricSpec
  /** Those of the target that have not ended, for metrics of tasks. */
  readonly tasks: readonly Task[]
}

/** Where metrics come from. */
export interface MetricsSource {
  /**
   * The values of a metric: one of each task that has one, or those that together are the metric of an object or an
   * external one. None is an answer: nothing is known.
   *
   * @param signal aborted when the autoscaler no longer waits; then it may reject
   * @returns rejects when the metric cannot be read; the autoscaler says so in a condition and does not scale down
   */
  read(query: MetricQuery, signal: AbortSignal): Promise<readonly MetricSample[]>
}

/** What came of reading a metric. */
export type MetricReading =
  | { readonly samples: readonly MetricSample[]; readonly error?: undefined }
  | { readonly error: string; readonly samples?: undefined }

/** Which samples are believed. */
export interface SampleLimits {
  /** Older ones are not. Default 120,000 ms. */
  readonly maxSampleAgeMs: number
  /** For so long after a task has started, what it uses of a resource is its start. Default 300,000 ms. */
  readonly initializationMs: number
}

/** As far as clocks of others may be ahead, ms. */
const AHEAD_MS_MAX = 60_000

/** Why a sample is not believed; undefined when it is. */
export function sampleFault(
  { value, timeMs }: MetricSample,
  { maxSampleAgeMs }: Pick<SampleLimits, 'maxSampleAgeMs'>,
  nowMs: number,
): string | undefined {
  if (!Number.isFinite(value) || value < 0) return `${value} is no value`
  if (!Number.isFinite(timeMs)) return `${timeMs} is no time`
  if (timeMs > nowMs + AHEAD_MS_MAX) return 'is from the future'
  return timeMs < nowMs - maxSampleAgeMs ? `is older than ${maxSampleAgeMs / 1000} s` : undefined
}
