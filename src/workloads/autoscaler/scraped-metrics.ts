import type { Task } from '../../api/index.js'
import type { Clock } from '../../core/index.js'
import { systemEnv } from '../../core/index.js'
import { assertKnown, knownOptions, labelSelectorFromObject } from '../../core/internal.js'
import type { MetricSample, MetricsSource } from './metrics-source.js'
import { parsePrometheusText } from './prometheus-text.js'

/** How tasks are scraped. */
export interface ScrapedMetricsOptions {
  /** The text that a task serves, for example `fetch` of `/metrics` at its address; undefined when it serves none yet. */
  scrape(task: Task, signal: AbortSignal): Promise<string | undefined>
  /** Default: that of `systemEnv`. */
  readonly clock?: Pick<Clock, 'now'>
}

const SCRAPED_METRICS_OPTIONS = /* @__PURE__ */ knownOptions<ScrapedMetricsOptions>('scrapedMetrics', {
  scrape: true,
  clock: true,
})

/**
 * A source that asks each task for Prometheus' text format, for metrics of type `Pods`: gauges, summed up over the series
 * of that name whose labels the selector matches. A task that cannot be scraped has no sample.
 */
export function scrapedMetrics(options: ScrapedMetricsOptions): MetricsSource {
  assertKnown(options, SCRAPED_METRICS_OPTIONS)
  const { scrape, clock = systemEnv.clock } = options
  return {
    async read({ metric: { type, pods }, tasks }, signal) {
      if (pods === undefined) throw new Error(`a metric of type ${type} is not scraped from tasks`)
      const selector = labelSelectorFromObject(pods.metric.selector ?? {})
      const sample = async (task: Task): Promise<readonly MetricSample[]> => {
        const text = await scrape(task, signal).catch(() => undefined)
        const series = parsePrometheusText(text ?? '').filter(
          ({ name, labels }) => name === pods.metric.name && selector.matches(labels),
        )
        if (series.length === 0) return []
        const value = series.reduce((sum, one) => sum + one.value, 0)
        const timeMs = Math.min(...series.map(one => one.timeMs ?? clock.now()))
        return [{ value, timeMs, task: task.metadata.uid }]
      }
      return (await Promise.all(tasks.map(sample))).flat()
    },
  }
}
